use super::{fold, holds};

/// Legal forms as [`fold`] writes them, blanks removed.
const LEGAL_FORMS: &str = "ab ag as asa aps bhd bt bv bvba co company corp corporation cokg cv dd doo eg eingetragenekauffrau eirl \
    ek eood eurl ev gbr gesmbh ggmbh gmbh gmbhcokg inc incorporated kft kg kgaa kk lda limited limitada llc \
    llp lp ltd ltda mbh nv nyrt oao ohg ood ooo oy oyj plc private pt pte pty pvt sa sab sadecv sapi \
    sapideev sarl sas sasu scs sdnbhd se sl slu spa spj spk spolsro spzoo srl srls sro ug uab vof zao zrt \
    zoo ао зао оао ооо пао тов";

/// Legal forms that are written without a blank beside the name.
const ATTACHED_FORMS: &[&str] =
    &["株式会社", "有限会社", "合同会社", "股份有限公司", "有限公司", "有限责任公司", "주식회사"];

/// The most words of a legal form: `S. A. de C. V.`
const LONGEST_FORM: usize = 5;

/// A company's name for comparing: folded, `and` for `&`, without its legal form.
///
/// ```
/// use sync_core::normalize::company;
/// assert_eq!(company("Müller & Söhne GmbH & Co. KG"), company("Muller and Sohne"));
/// assert_eq!(company("The ACME Corp."), "acme");
/// ```
#[must_use]
pub fn company(text: &str) -> String {
    let spelled = text.replace(['&', '＆', '+'], " and ").replace("A/S", "AS").replace("a/s", "as");
    let mut folded = fold(&spelled);
    for form in ATTACHED_FORMS {
        // Marks of some scripts come apart in folding; compare in the same form.
        let form = fold(form);
        let stripped = folded.strip_prefix(&form).or_else(|| folded.strip_suffix(&form)).map(str::trim);
        if let Some(rest) = stripped.filter(|rest| !rest.is_empty()) {
            folded = rest.to_owned();
        }
    }
    let mut words: Vec<&str> = folded.split(' ').collect();
    // What stands in front: `The Acme`, `ООО Ромашка`, `PT Maju`.
    while words.len() > 1
        && words.first().is_some_and(|word| matches!(*word, "the" | "pt") || !word.is_ascii() && is_form(word))
    {
        words.remove(0);
    }
    while let Some(name) = without_form(&words) {
        words.truncate(name);
        if words.len() > 1 && words.last() == Some(&"and") {
            words.pop();
        }
    }
    words.join(" ")
}

/// How many words are left without the longest legal form at the end; `None` if there is none.
fn without_form(words: &[&str]) -> Option<usize> {
    let shortest = words.len().saturating_sub(LONGEST_FORM).max(1);
    (shortest..words.len()).find(|start| words.get(*start..).is_some_and(|form| is_form(&form.concat())))
}

fn is_form(word: &str) -> bool {
    holds(LEGAL_FORMS, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_forms_of_many_countries_do_not_count() {
        for (written, plain) in [
            ("Acme, Inc.", "acme"),
            ("ACME Incorporated", "acme"),
            ("Acme Co., Ltd.", "acme"),
            ("Acme Pty Ltd", "acme"),
            ("Grün & Partner mbB GmbH", "grun and partner mbb"),
            ("Société Générale S.A.", "societe generale"),
            ("Rossi S. r. l.", "rossi"),
            ("Kowalski Sp. z o.o.", "kowalski"),
            ("Grupo Sol S.A. de C.V.", "grupo sol"),
            ("Novák s.r.o.", "novak"),
            ("Hansen A/S", "hansen"),
            ("Virtanen Oy", "virtanen"),
            ("ООО «Ромашка»", "ромашка"),
            ("トヨタ自動車株式会社", &fold("トヨタ自動車")),
            ("株式会社トヨタ", &fold("トヨタ")),
            ("Schmidt GmbH & Co. KG", "schmidt"),
            // A name that is nothing but a form stays a name.
            ("AG", "ag"),
            ("The Company", "company"),
            ("Limited", "limited"),
            ("", ""),
        ] {
            assert_eq!(company(written), plain, "{written}");
        }
    }

    #[test]
    fn different_companies_stay_different() {
        assert_ne!(company("Acme Holding GmbH"), company("Acme Logistics GmbH"));
        assert_ne!(company("Smith & Co"), company("Smith & Sons Co"));
    }
}
