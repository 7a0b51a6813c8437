use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::*;
use crate::AnyId;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

#[test]
fn values_are_written_as_the_language_wants_them() {
    let id: AnyId = "001D000000IRFma".parse().unwrap();
    for (literal, text) in [
        (Literal::from("plain"), "'plain'"),
        (Literal::from("O'Neill \\ \"q\" % _"), r#"'O\'Neill \\ "q" % _'"#),
        (Literal::from("a\n\r\t\u{8}\u{c}\u{1}"), r"'a\n\r\t\b\f\u0001'"),
        (Literal::from("Zoë 北京"), "'Zoë 北京'"),
        (Literal::from(true), "TRUE"),
        (Literal::from(-7), "-7"),
        (Literal::from(Decimal::new(150, 2)), "1.50"),
        (Literal::from(NaiveDate::from_ymd_opt(2025, 1, 31).unwrap()), "2025-01-31"),
        (Literal::from(at(0)), "1970-01-01T00:00:00.000Z"),
        (Literal::from(None::<&str>), "NULL"),
        (Literal::from(id), "'001D000000IRFmaIAH'"),
    ] {
        assert_eq!(literal.to_string(), text);
        assert!(!format!("{literal:?}").contains("plain"));
    }
    assert_eq!(like_prefix("50%_o'"), r"'50\%\_o\'%'");
}

#[test]
fn and_and_or_are_never_mixed_without_parentheses() {
    let id: AnyId = "001D000000IRFma".parse().unwrap();
    let condition = Condition::all([Condition::eq("IsDeleted", false), Condition::after(at(60), id)]);
    let query = Select::from("Account").fields(["Id"]).filter(condition).build().unwrap();
    assert_eq!(
        query.as_str(),
        "SELECT Id FROM Account WHERE IsDeleted = FALSE AND (SystemModstamp > 1970-01-01T00:01:00.000Z OR \
         (SystemModstamp = 1970-01-01T00:01:00.000Z AND Id > '001D000000IRFmaIAH'))"
    );
}

#[test]
fn fields_are_selected_once_and_children_in_parentheses() {
    let query = Select::from("Opportunity")
        .fields(["Id", "Name"])
        .fields(["id"])
        .child(Select::from("OpportunityContactRoles").fields(["ContactId"]).order_by(["Id"]))
        .build()
        .unwrap();
    assert_eq!(
        query.as_str(),
        "SELECT Id,Name,(SELECT ContactId FROM OpportunityContactRoles ORDER BY Id) FROM Opportunity"
    );
}

#[test]
fn names_that_are_none_are_refused() {
    for bad in ["", "Id,Name", "Id FROM User", "1a", "a..b", "a.", "Id--", "Näme", "x'y"] {
        Select::from("Contact").fields([bad]).build().expect_err(bad);
        Select::from(bad).fields(["Id"]).build().expect_err(bad);
        Select::from("Contact").fields(["Id"]).order_by([bad]).build().expect_err(bad);
        Select::from("Contact").fields(["Id"]).filter(Condition::eq(bad, 1)).build().expect_err(bad);
    }
    Select::from("Contact").build().expect_err("nothing selected");
    Select::from("Contact").fields(["Id"]).filter(Condition::is_in::<&str>("Id", [])).build().expect_err("empty list");
    for good in ["Id", "Account.Owner.Name", "ns__Field__c", "a1_"] {
        Select::from("Contact").fields([good]).build().unwrap();
    }
}

#[test]
fn long_lists_are_split_so_that_every_part_can_be_sent() {
    let ids: Vec<AnyId> = (0..1000).map(|n| format!("003{n:012}").parse().unwrap()).collect();
    let parts = chunks(&ids, 100, |id| Literal::from(*id));
    assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), 1000);
    assert_eq!(parts.concat(), ids);
    for part in &parts {
        Select::from("Contact").fields(["Id"]).filter(Condition::is_in("Id", part.iter())).build().unwrap();
    }
    assert_eq!(parts.len(), 1, "as many as a page holds");
    assert!(chunks(&[] as &[AnyId], 0, |id| Literal::from(*id)).is_empty());
    let many: Vec<AnyId> = (0..5_000).map(|n| format!("003{n:012}").parse().unwrap()).collect();
    let long = Select::from("Contact").fields(["Id"]).filter(Condition::is_in("Id", &many)).build();
    assert!(long.unwrap_err().to_string().contains("100,000"));
}

#[test]
fn only_bare_placeholders_are_let_through() {
    for (good, count) in [("", 0), ("a", 0), ("{}", 1), ("a {} b {}", 2), ("{{}}", 0), (r"'it\'s {{' = {}", 1)] {
        assert_eq!(placeholders(good), Some(count), "{good}");
    }
    for bad in ["{x}", "{0}", "{:?}", "{", "a{", "}", "'{}'", r"'\'{}'"] {
        assert_eq!(placeholders(bad), None, "{bad}");
    }
    assert_eq!(Soql::filled("{{{}}} {}", &[1.into(), "é".into()]).as_str(), "{1} 'é'");
    assert!(soql!("SELECT Id FROM Contact WHERE Id IN {}", Vec::<&str>::new()).defect().unwrap().contains("empty"));
    assert!(soql!("SELECT Id FROM Contact WHERE Name = {}", "x".repeat(4_001)).defect().is_some());
}

#[test]
fn every_kind_of_condition_is_written() {
    let accounts = Select::from("Account").fields(["Id"]).filter(Condition::is_set("Industry"));
    for (condition, text) in [
        (Condition::is_null("Account.Name"), "Account.Name = NULL"),
        (Condition::like("Name", Pattern::new().text("a_").one().any()), r"Name LIKE 'a\__%'"),
        (Condition::not_in("Id", ["x"]), "Id NOT IN ('x')"),
        (Condition::not(Condition::eq("Age__c", 3)), "NOT (Age__c = 3)"),
        (Condition::includes("Tags__c", [&["a", "b"][..], &["c"]]), "Tags__c INCLUDES ('a;b','c')"),
        (Condition::excludes("Tags__c", [["a"]]), "Tags__c EXCLUDES ('a')"),
        (Condition::is_in_query("AccountId", accounts), "AccountId IN (SELECT Id FROM Account WHERE Industry != NULL)"),
        (Condition::compare("CreatedDate", Op::Gt, Relative::LastN(Unit::Day, 7)), "CreatedDate > LAST_N_DAYS:7"),
        (Condition::eq("CloseDate", Relative::This(Unit::FiscalQuarter)), "CloseDate = THIS_FISCAL_QUARTER"),
        (
            Condition::eq("CALENDAR_YEAR(convertTimezone(CreatedDate))", 2024),
            "CALENDAR_YEAR(convertTimezone(CreatedDate)) = 2024",
        ),
    ] {
        assert_eq!(condition.text().unwrap(), text);
    }
    for bad in [
        Condition::eq("EVIL(Id)", 1),
        Condition::eq("Name", vec!["a"]),
        Condition::includes("Tags__c", [["a;b"]]),
        Condition::all([]),
        Condition::is_in_query("Id", Select::from("Account").fields(["Id"]).limit(1)),
    ] {
        bad.text().unwrap_err();
    }
}

#[test]
fn groups_types_and_all_fields() {
    let grouped = Select::from("Opportunity")
        .fields(["StageName"])
        .aggregate(Aggregate::Sum, "Amount", "total")
        .group_by(["StageName"])
        .having(Condition::compare("SUM(Amount)", Op::Gt, 5))
        .order_by([Order::descending("SUM(Amount)").nulls_last()]);
    assert_eq!(
        grouped.build().unwrap().as_str(),
        "SELECT StageName,SUM(Amount) total FROM Opportunity GROUP BY StageName HAVING SUM(Amount) > 5 ORDER BY SUM(Amount) DESC NULLS LAST"
    );
    let typed = Select::from("Task").fields(["Id"]).type_of("What", &[("Account", &["Phone"])], &["Name"]).mine();
    assert_eq!(
        typed.build().unwrap().as_str(),
        "SELECT Id,TYPEOF What WHEN Account THEN Phone ELSE Name END FROM Task USING SCOPE mine"
    );
    Select::from("Account").fields_of(AllFields::All).build().expect_err("no limit");
    Select::from("Account").fields_of(AllFields::All).limit(200).build().unwrap();
    Select::from("Task").type_of("What", &[], &[]).build().expect_err("no branch");
    Select::from("Task").aggregate(Aggregate::Count, "Id", "n FROM User").build().expect_err("no alias");
}

#[test]
fn a_query_that_is_too_long_is_split_where_that_changes_nothing() {
    let ids: Vec<AnyId> = (0..9_000).map(|n| format!("003{n:012}").parse().unwrap()).collect();
    let select = || {
        let twice = ids.iter().map(ToString::to_string).chain(ids.iter().map(|id| id.as_str()[..15].to_owned()));
        Select::from("Contact")
            .fields(["Name"])
            .filter(Condition::eq("IsDeleted", false))
            .filter(Condition::is_in("Id", twice))
    };
    let parts = select().limit(7).parts().unwrap();
    assert_eq!((parts.queries.len(), parts.limit, parts.same_twice), (5, Some(7), false));
    let all: usize = parts.queries.iter().map(|query| query.as_str().matches("'003").count()).sum();
    assert_eq!(all, 9_000, "each id once, in whichever form");
    assert!(parts.queries.iter().all(|query| query.as_str().contains("IsDeleted = FALSE AND Id IN ('003")));
    let names = |name: &str| (0..9_000).map(|n| format!("{name}{n}-and-a-longer-rest")).collect::<Vec<_>>();
    let foreign = Select::from("Contact").fields(["Name"]).filter(Condition::is_in("Name", names("ß")));
    for bad in [
        select().order_by(["Name"]),
        select().offset(1),
        select().aggregate(Aggregate::Max, "Name", "m"),
        Select::from("Contact").fields(["Name"]).filter(Condition::not_in("Name", names("x"))),
        Select::from("Contact")
            .fields(["Name"])
            .filter(Condition::any([Condition::is_in("Name", names("x")), Condition::eq("Id", "x")])),
        foreign.clone(),
    ] {
        assert!(bad.parts().unwrap_err().to_string().contains("100,000"));
    }
    assert!(foreign.fields(["Id"]).parts().unwrap().same_twice);
}

proptest::proptest! {
    /// Reads a literal back as a server would and checks that nothing of the value got outside its quotes.
    #[test]
    fn no_text_leaves_its_quotes(text in proptest::prelude::any::<String>()) {
        let literal = Literal::from(text.as_str()).to_string();
        let inner = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap();
        let mut read = String::new();
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            proptest::prop_assert_ne!(c, '\'', "an open quote");
            if c != '\\' {
                read.push(c);
                continue;
            }
            read.push(match chars.next().unwrap() {
                'n' => '\n', 'r' => '\r', 't' => '\t', 'b' => '\u{8}', 'f' => '\u{c}',
                'u' => char::from_u32(u32::from_str_radix(&chars.by_ref().take(4).collect::<String>(), 16).unwrap()).unwrap(),
                other => other,
            });
        }
        proptest::prop_assert_eq!(read, text);
    }
}
