//! What the cases stand on: a subject, its schemas and directory, and records of every kind to refer to.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::atomic::{AtomicU32, Ordering};

use crm_model::{
    Account, AnyRef, Choice, Contact, Date, DateOrTime, Deal, Decimal, Engagement, EngagementKind, Field, FieldKey,
    FieldPath, FieldType, FieldValue, Instant, Label, Lead, List, Money, Note, Object, ObjectKind, Party, PartyRole,
    Pipeline, Presence, Record, RecordPatch, RemoteId, Schema, Slot, Stage, Task, Ticket, User, UserKind, Value,
};
use futures::TryStreamExt;
use unified_crm::{
    Collection, CollectionCapabilities, CollectionExt, Create, Crm, Fetched, Result, Update, Write, Written,
};

use super::Subject;

/// An object of the model with its accessor, so that one case serves all of them.
pub(crate) trait Sample: Object {
    /// The field that a person calls the record by.
    const NAME: FieldKey;

    fn collection(crm: &dyn Crm) -> Result<&dyn Collection<Self>>;
}

macro_rules! samples {
    ($($object:ident $accessor:ident $name:ident;)*) => {$(
        impl Sample for $object {
            const NAME: FieldKey = $object::$name;

            fn collection(crm: &dyn Crm) -> Result<&dyn Collection<Self>> {
                crm.$accessor()
            }
        }
    )*};
}
samples! {
    Account accounts NAME;
    Contact contacts LAST_NAME;
    Deal deals NAME;
    Task tasks TITLE;
    Note notes BODY;
    Lead leads LAST_NAME;
    Ticket tickets SUBJECT;
    Engagement engagements SUBJECT;
}

/// Calls an async function, generic over the object, for every object that the subject has.
macro_rules! for_each_object {
    ($bench:expr, $check:ident) => {{
        let bench = &$bench;
        if bench.has::<crm_model::Account>() {
            $check::<crm_model::Account>(bench).await;
        }
        if bench.has::<crm_model::Contact>() {
            $check::<crm_model::Contact>(bench).await;
        }
        if bench.has::<crm_model::Deal>() {
            $check::<crm_model::Deal>(bench).await;
        }
        if bench.has::<crm_model::Task>() {
            $check::<crm_model::Task>(bench).await;
        }
        if bench.has::<crm_model::Note>() {
            $check::<crm_model::Note>(bench).await;
        }
        if bench.has::<crm_model::Lead>() {
            $check::<crm_model::Lead>(bench).await;
        }
        if bench.has::<crm_model::Ticket>() {
            $check::<crm_model::Ticket>(bench).await;
        }
        if bench.has::<crm_model::Engagement>() {
            $check::<crm_model::Engagement>(bench).await;
        }
    }};
}
pub(crate) use for_each_object;

/// The result, or a panic with the error's own words.
#[track_caller]
pub(crate) fn ok<T, E: Display>(result: std::result::Result<T, E>, what: impl Display) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// Panics with the differences, if there are any: `Debug` of a record shows nothing.
#[track_caller]
pub(crate) fn assert_same(what: impl Display, left: &Record, right: &Record) {
    assert!(left.meta.id == right.meta.id, "{what}: {} is not {}", left.meta.id, right.meta.id);
    let keys = left.fields().chain(right.fields()).map(|(key, _)| key.clone());
    let show = |record: &Record, key: &FieldKey| match record.peek(&key.clone().into()) {
        None => "(not loaded)".to_owned(),
        Some(value) => format!("{:?} {}", value.kind(), value.reveal()),
    };
    let mut differ: Vec<String> = keys
        .filter(|key| left.peek(&key.clone().into()) != right.peek(&key.clone().into()))
        .map(|key| format!("{key}: {} against {}", show(left, &key), show(right, &key)))
        .collect();
    differ.sort();
    differ.dedup();
    if left.consent != right.consent {
        differ.push(format!("consent: {:?} against {:?}", left.consent, right.consent));
    }
    if left.meta.updated_at != right.meta.updated_at {
        differ.push(format!("updated: {:?} against {:?}", left.meta.updated_at, right.meta.updated_at));
    }
    assert!(differ.is_empty(), "{what} {} {}: {}", left.object, left.meta.id, differ.join("; "));
}

/// Whether a field shows what was written to it: references by what they point at, numbers by value.
pub(crate) fn shows(read: &Presence<Value>, wrote: &Value) -> bool {
    match (read, wrote) {
        (Presence::Null, wrote) => wrote.is_empty(),
        (Presence::NotLoaded, _) => false,
        (Presence::Known(Value::Ref(read)), Value::Ref(wrote)) => (read.object, &read.id) == (wrote.object, &wrote.id),
        (Presence::Known(Value::Decimal(read)), Value::Int(wrote)) => *read == Decimal::from(*wrote),
        (Presence::Known(Value::Int(read)), Value::Decimal(wrote)) => Decimal::from(*read) == *wrote,
        (Presence::Known(Value::Money(read)), Value::Money(wrote)) => read.amount == wrote.amount,
        (Presence::Known(Value::List(read)), Value::List(wrote)) => {
            let known = |value: &Value| Presence::Known(value.clone());
            read.len() == wrote.len() && wrote.iter().all(|wrote| read.iter().any(|read| shows(&known(read), wrote)))
        }
        (Presence::Known(read), wrote) => read == wrote,
    }
}

/// Panics where a record does not show what was written to it.
#[track_caller]
pub(crate) fn assert_shows(record: &Record, patch: &RecordPatch) {
    for (path, wrote) in patch.iter() {
        let read = record.get(path);
        let show = match &read {
            Presence::Known(value) => value.reveal(),
            other => format!("{other:?}"),
        };
        let wanted = wrote.reveal();
        assert!(shows(&read, wrote), "{} {path}: wrote {wanted:?}, reads {show:?}", record.object);
    }
}

pub(crate) struct Bench {
    pub(crate) subject: Subject,
    users: Vec<User>,
    pipelines: Vec<Pipeline>,
    pub(crate) lists: Vec<List>,
    schemas: BTreeMap<ObjectKind, Schema>,
    anchors: BTreeMap<ObjectKind, Box<str>>,
    serial: AtomicU32,
}

impl Bench {
    pub(crate) async fn new(subject: Subject) -> Self {
        let (users, pipelines, lists, schemas, anchors) = Default::default();
        let mut bench = Self { subject, users, pipelines, lists, schemas, anchors, serial: AtomicU32::new(0) };
        let capabilities = bench.crm().capabilities();
        let (has_users, has_pipelines, has_lists) = (capabilities.users, capabilities.pipelines, capabilities.lists);
        if has_users {
            bench.users = ok(bench.crm().users().await, "users");
        }
        if has_pipelines {
            bench.pipelines = ok(bench.crm().pipelines().await, "pipelines");
        }
        if has_lists {
            let lists = ok(bench.crm().lists(), "lists").all().try_collect().await;
            bench.lists = ok(lists, "lists");
        }
        bench.load::<Account>().await;
        bench.load::<Contact>().await;
        bench.load::<Deal>().await;
        bench.load::<Task>().await;
        bench.load::<Note>().await;
        bench.load::<Lead>().await;
        bench.load::<Ticket>().await;
        bench.load::<Engagement>().await;
        bench
    }

    /// Reads a schema, and makes a record that others can refer to.
    async fn load<T: Sample>(&mut self) {
        if !self.has::<T>() {
            return;
        }
        let schema = ok(self.on::<T>().schema().await, format!("schema of {}", T::KIND));
        self.schemas.insert(T::KIND, schema);
        let is_about_others = matches!(T::KIND, ObjectKind::Task | ObjectKind::Note | ObjectKind::Engagement);
        if self.capabilities::<T>().create && !is_about_others {
            let id = self.create_minimal::<T>().await;
            self.anchors.insert(T::KIND, id.as_str().into());
        }
    }

    pub(crate) fn crm(&self) -> &dyn Crm {
        &*self.subject.crm
    }

    pub(crate) fn has<T: Sample>(&self) -> bool {
        self.crm().capabilities().objects.contains_key(&T::KIND)
    }

    pub(crate) fn on<T: Sample>(&self) -> &dyn Collection<T> {
        ok(T::collection(self.crm()), T::KIND)
    }

    pub(crate) fn capabilities<T: Sample>(&self) -> &CollectionCapabilities {
        self.on::<T>().capabilities()
    }

    pub(crate) fn schema<T: Sample>(&self) -> &Schema {
        &self.schemas[&T::KIND]
    }

    pub(crate) fn calls(&self) -> u64 {
        self.crm().usage().total().calls
    }

    /// A name that no other record has.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.subject.tag, self.serial.fetch_add(1, Ordering::Relaxed))
    }

    fn email(&self) -> String {
        format!("{}@contract.example", self.name().to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "."))
    }

    pub(crate) fn can_write<T: Sample>(&self, key: &FieldKey) -> bool {
        // While the schema itself is being loaded nothing is known against a field.
        self.schemas.get(&T::KIND).is_none_or(|schema| schema.field(key).is_some_and(|field| field.writable))
    }

    /// A reference to a record that is there, if the subject has any of that kind.
    pub(crate) fn reference(&self, object: ObjectKind) -> Option<AnyRef> {
        let id = match object {
            ObjectKind::User => {
                let is_somebody = |user: &&User| user.is_active && user.kind == UserKind::Agent;
                self.users.iter().find(is_somebody)?.meta.id.clone()
            }
            ObjectKind::List => self.lists.first()?.meta.id.clone(),
            ObjectKind::Pipeline => self.open_stage()?.0.meta.id.clone(),
            ObjectKind::Stage => self.open_stage()?.1.meta.id.clone(),
            other => self.anchors.get(&other)?.clone(),
        };
        Some(AnyRef::new(object, id))
    }

    /// A queue that records of an object can wait in.
    pub(crate) fn queue(&self, object: ObjectKind) -> Option<AnyRef> {
        let holds = |user: &&User| user.kind == UserKind::Queue && user.owns.contains(&object);
        Some(AnyRef::new(ObjectKind::User, self.users.iter().find(holds)?.meta.id.clone()))
    }

    fn open_stage(&self) -> Option<(&Pipeline, &Stage)> {
        let pipeline = self.pipelines.iter().find(|pipeline| pipeline.is_default).or(self.pipelines.first())?;
        Some((pipeline, pipeline.stages.iter().find(|stage| !stage.is_closed)?))
    }

    /// What the least demanding record holds that every vendor accepts.
    pub(crate) fn minimal<T: Sample>(&self, name: &str) -> RecordPatch {
        let mut patch = RecordPatch::from_iter([(FieldPath::from(T::NAME), Value::text(name))]);
        let mut put = |path: FieldPath, value: Option<Value>| {
            if let Some(value) = value.filter(|_| self.can_write::<T>(&path.key)) {
                patch.set(path, value);
            }
        };
        let reference = |object| self.reference(object).map(Value::Ref);
        let primary = |key: FieldKey| FieldPath::entry(key, Slot::Primary);
        match T::KIND {
            ObjectKind::Contact => put(primary(Contact::EMAILS), Some(Value::Text(self.email()))),
            ObjectKind::Deal => {
                put(Deal::AMOUNT.into(), Some(Value::Money(Money::new(100))));
                put(Deal::EXPECTED_CLOSE.into(), day(2025, 9, 30).map(Value::Date));
                put(Deal::PIPELINE.into(), reference(ObjectKind::Pipeline));
                put(Deal::STAGE.into(), reference(ObjectKind::Stage));
                put(Deal::ACCOUNT.into(), reference(ObjectKind::Account));
            }
            ObjectKind::Task => {
                put(Task::DUE.into(), Some(Value::DateOrTime(self.due::<T>())));
                put(Task::OWNER.into(), reference(ObjectKind::User));
                put(primary(Task::TARGETS), reference(ObjectKind::Contact).or(reference(ObjectKind::Account)));
            }
            ObjectKind::Note => {
                put(primary(Note::TARGETS), reference(ObjectKind::Contact).or(reference(ObjectKind::Account)));
            }
            ObjectKind::Lead => {
                put(primary(Lead::EMAILS), Some(Value::Text(self.email())));
                put(Lead::COMPANY_NAME.into(), Some(Value::text("Contract & Söhne")));
            }
            ObjectKind::Engagement => {
                put(Engagement::ENGAGEMENT_KIND.into(), Some(EngagementKind::Call.into_value()));
                put(primary(Engagement::TARGETS), reference(ObjectKind::Contact).or(reference(ObjectKind::Account)));
            }
            _ => {}
        }
        patch
    }

    /// The least that an engagement of a kind holds that every vendor accepts.
    pub(crate) fn minimal_of(&self, kind: &EngagementKind) -> RecordPatch {
        let mut patch = self.minimal::<Engagement>(&self.name());
        patch.set(Engagement::ENGAGEMENT_KIND.into(), kind.clone().into_value());
        // Whom an e-mail is about, its addresses say.
        let account = self.reference(ObjectKind::Account);
        if let Some(account) =
            account.filter(|_| *kind == EngagementKind::Email && self.can_write::<Engagement>(&Engagement::TARGETS))
        {
            patch.set(FieldPath::entry(Engagement::TARGETS, Slot::Primary), Value::Ref(account));
        }
        if *kind == EngagementKind::Meeting {
            let hour = chrono::TimeDelta::hours(1);
            patch.set(Engagement::OCCURRED_AT.into(), Value::DateOrTime(DateOrTime::Time(moment())));
            patch.set(Engagement::ENDED_AT.into(), Value::DateOrTime(DateOrTime::Time(moment() + hour)));
        }
        patch
    }

    /// The kinds of engagement that can be created: those that the schema offers.
    pub(crate) fn kinds(&self) -> Vec<EngagementKind> {
        let options =
            self.schema::<Engagement>().field(&Engagement::ENGAGEMENT_KIND).map_or(&[][..], |field| &field.options);
        if options.is_empty() {
            return EngagementKind::NAMED.to_vec();
        }
        options.iter().filter(|option| option.active).map(|option| EngagementKind::from(&*option.key)).collect()
    }

    /// A new record with one more field; of a kind that has the field, for engagements. `None` where no kind has it.
    pub(crate) fn with_field<T: Sample>(&self, path: &FieldPath, value: &Value) -> Option<RecordPatch> {
        let mut patch = self.minimal::<T>(&self.name());
        if T::KIND == ObjectKind::Engagement {
            let kind =
                if path.key == Engagement::ENGAGEMENT_KIND { EngagementKind::Call } else { kind_with(&path.key) };
            if !self.kinds().contains(&kind) {
                return None;
            }
            patch = self.minimal_of(&kind);
            if path.key == Engagement::ALL_DAY {
                let day = Value::DateOrTime(DateOrTime::Date(moment().date_naive()));
                patch.set(Engagement::OCCURRED_AT.into(), day.clone());
                patch.set(Engagement::ENDED_AT.into(), day);
            }
        }
        patch.set(path.clone(), value.clone());
        Some(patch)
    }

    /// A due date of the kind that the vendor keeps.
    fn due<T: Sample>(&self) -> DateOrTime {
        let field = self.schemas.get(&T::KIND).and_then(|schema| schema.field(&Task::DUE));
        match field.map(|field| &field.field_type) {
            Some(FieldType::Date) => DateOrTime::Date(day(2025, 9, 30).unwrap_or_default()),
            _ => DateOrTime::Time(moment()),
        }
    }

    /// A record with a value in every field that can be written.
    pub(crate) fn full<T: Sample>(&self) -> RecordPatch {
        let mut patch = self.each_field::<T>();
        // Two views of one thing: whether a task is done follows from its status where there is one.
        if T::KIND == ObjectKind::Task && patch.get(&Task::DONE.into()).is_some() {
            patch.remove(&Task::STATUS.into());
        }
        // A ticket is somebody's, or it waits for somebody.
        if T::KIND == ObjectKind::Ticket && patch.get(&Ticket::ASSIGNEE.into()).is_some() {
            patch.remove(&Ticket::GROUP.into());
        }
        // No kind of engagement has every field.
        if T::KIND == ObjectKind::Engagement {
            let all = patch;
            patch = self.minimal_of(&EngagementKind::Meeting);
            let fits = |key: &FieldKey| kind_with(key) == EngagementKind::Meeting || is_of_every_kind(key);
            for (path, value) in all.iter().filter(|(path, _)| fits(&path.key) && path.key != Engagement::ALL_DAY) {
                if patch.get(path).is_none() {
                    patch.set(path.clone(), value.clone());
                }
            }
        }
        patch
    }

    /// A value for every field that can be written, by path; none for what nothing is known about.
    pub(crate) fn each_field<T: Sample>(&self) -> RecordPatch {
        let mut patch = self.minimal::<T>(&self.name());
        for field in self.schema::<T>().fields.iter().filter(|field| field.writable) {
            for path in paths_of(T::KIND, &field.key) {
                if patch.get(&path).is_none()
                    && let Some(value) = self.sample::<T>(field)
                {
                    patch.set(path, value);
                }
            }
        }
        patch
    }

    /// A value that a field takes.
    pub(crate) fn sample<T: Sample>(&self, field: &Field) -> Option<Value> {
        let list = |values: &[&str]| Value::List(values.iter().copied().map(Value::text).collect());
        Some(match field.key.as_str() {
            "emails" => Value::Text(self.email()),
            "phones" => Value::text("+442071838750"),
            "addresses" => Value::Address(crm_model::Address {
                street: "1 Analytical Way".into(),
                city: "London".into(),
                region: "Greater London".into(),
                postal_code: "01234".into(),
                country: "United Kingdom".into(),
            }),
            "tags" => list(&["contract one", "contract two"]),
            "owner" | "author" | "assignee" | "created_by" => Value::Ref(self.reference(ObjectKind::User)?),
            "group" => Value::Ref(self.queue(T::KIND)?),
            "parent" | "account" | "accounts" => Value::Ref(self.reference(ObjectKind::Account)?),
            "contacts" | "requester" | "reports_to" => Value::Ref(self.reference(ObjectKind::Contact)?),
            "campaign" => Value::Ref(self.reference(ObjectKind::List)?),
            "kind" => EngagementKind::Call.into_value(),
            "participants" => {
                let party = |role, at: &str| Party::at(role, format!("{at}@contract.example")).into_value();
                Value::List(vec![
                    party(PartyRole::From, "from"),
                    party(PartyRole::To, "to"),
                    party(PartyRole::Cc, "cc"),
                ])
            }
            "targets" => Value::Ref(self.reference(ObjectKind::Contact)?),
            "pipeline" => Value::Ref(self.reference(ObjectKind::Pipeline)?),
            "stage" => Value::Ref(self.reference(ObjectKind::Stage)?),
            "website" => Value::text("https://contract.example"),
            // Some vendors keep no cents of it.
            "annual_revenue" => Value::Money(Money::new(1_234_000)),
            "due" => Value::DateOrTime(self.due::<T>()),
            _ => return self.sample_by_type::<T>(field),
        })
    }

    fn sample_by_type<T: Sample>(&self, field: &Field) -> Option<Value> {
        let declared = T::FIELDS.iter().find(|def| def.key == field.key).map(|def| def.kind);
        let option = field.options.iter().find(|option| option.active).map(|option| Choice::new(&*option.key));
        let number = Decimal::new(125, 1);
        Some(match (declared, &field.field_type) {
            (Some(crm_model::ValueKind::Choice), _) | (_, FieldType::Choice) => {
                let is_free = field.options.is_empty() && !field.field_type.is_choice();
                Value::Choice(option.or_else(|| is_free.then(|| Choice::new("contract")))?)
            }
            (_, FieldType::MultiChoice) => Value::Choices(vec![option?]),
            (Some(crm_model::ValueKind::DateOrTime), FieldType::Date) => {
                Value::DateOrTime(DateOrTime::Date(day(2025, 9, 30)?))
            }
            (Some(crm_model::ValueKind::DateOrTime), _) => Value::DateOrTime(DateOrTime::Time(moment())),
            (_, FieldType::Text { max }) => {
                // The end tells names apart; no space at either end, which vendors trim.
                let (name, max) = (self.name(), max.map_or(usize::MAX, |max| max as usize));
                let skipped = name.chars().count().saturating_sub(max);
                Value::text(name.chars().skip(skipped).collect::<String>().trim())
            }
            (_, FieldType::LongText) => Value::Text(format!("{}\nsecond line", self.name())),
            (_, FieldType::Int) => Value::Int(42),
            (_, FieldType::Decimal { .. } | FieldType::Percent) => Value::Decimal(number),
            (_, FieldType::Money) => Value::Money(Money::new(Decimal::new(123_456, 2))),
            (_, FieldType::Bool) => Value::Bool(true),
            (_, FieldType::Date) => Value::Date(day(2024, 2, 29)?),
            (_, FieldType::DateTime) => Value::Instant(moment()),
            (_, FieldType::Time) => Value::text("09:30:00.000Z"),
            (_, FieldType::Email) => Value::Text(self.email()),
            (_, FieldType::Phone) => Value::text("+442071838750"),
            (_, FieldType::Url) => Value::text("https://contract.example/x"),
            _ => return None,
        })
    }

    pub(crate) async fn create<T: Sample>(&self, patch: &RecordPatch) -> RemoteId<T> {
        let new = ok(T::new_from_patch(patch.clone()), format!("a new {}", T::KIND));
        ok(self.on::<T>().create(new).await, format!("create a {}", T::KIND))
    }

    pub(crate) async fn create_minimal<T: Sample>(&self) -> RemoteId<T> {
        self.create(&self.minimal::<T>(&self.name())).await
    }

    /// Creates records in one batch, with nothing but the minimum.
    pub(crate) async fn create_many<T: Sample>(&self, count: usize) -> Vec<RemoteId<T>> {
        let writes = (0..count).map(|_| create_write(&self.minimal::<T>(&self.name()))).collect();
        let written = self.on::<T>().write(writes).await;
        assert_eq!(written.len(), count, "{}: one result per write", T::KIND);
        written.into_iter().map(|written| ok(written, format!("create a {}", T::KIND)).id).collect()
    }

    pub(crate) async fn read<T: Sample>(&self, id: &RemoteId<T>) -> Record {
        match self.fetch(id).await {
            Fetched::Found(record) => record.to_record(),
            other => panic!("{} {id} should be there, but is {other:?}", T::KIND),
        }
    }

    pub(crate) async fn fetch<T: Sample>(&self, id: &RemoteId<T>) -> Fetched<T> {
        let mut fetched = ok(self.on::<T>().get(std::slice::from_ref(id)).await, format!("get a {}", T::KIND));
        assert_eq!(fetched.len(), 1, "{}: one result per id", T::KIND);
        fetched.remove(0)
    }

    pub(crate) async fn update<T: Sample>(&self, id: &RemoteId<T>, patch: &RecordPatch) -> Result<Written<T>> {
        one(self.on::<T>(), update_write(id, patch)).await
    }

    /// Gives a record another name, past the connection under test where that is possible.
    pub(crate) async fn rename<T: Sample>(&self, id: &RemoteId<T>, name: &str) {
        match &self.subject.human {
            Some(human) => human.rename(T::KIND, id.as_str(), name).await,
            None => {
                let patch = RecordPatch::from_iter([(T::NAME.into(), Value::text(name))]);
                ok(self.update(id, &patch).await, format!("rename a {}", T::KIND));
            }
        }
    }

    /// Deletes a record, past the connection under test where that is possible.
    pub(crate) async fn delete_elsewhere<T: Sample>(&self, id: &RemoteId<T>) {
        match &self.subject.human {
            Some(human) => human.delete(T::KIND, id.as_str()).await,
            None => ok(self.on::<T>().delete(id).await, format!("delete a {}", T::KIND)),
        }
    }
}

/// The paths by which a field is written; of a list with labels, the entries that every vendor has a place for.
pub(crate) fn paths_of(object: ObjectKind, key: &FieldKey) -> Vec<FieldPath> {
    let entry = |slot: Slot| FieldPath::entry(key.clone(), slot);
    match (object, key.as_str()) {
        (ObjectKind::Contact | ObjectKind::Lead, "phones") => {
            vec![entry(Label::Work.into()), entry(Label::Mobile.into())]
        }
        (_, "phones") => vec![entry(Label::Main.into())],
        (ObjectKind::Lead, "addresses") => vec![entry(Label::Work.into())],
        (ObjectKind::Contact, "addresses") => vec![entry(Label::Mailing.into())],
        (_, "addresses") => vec![entry(Label::Billing.into())],
        (_, "emails" | "accounts" | "contacts" | "targets") => vec![entry(Slot::Primary)],
        _ => vec![key.clone().into()],
    }
}

/// The kind of engagement that has a field, where not every kind does.
fn kind_with(key: &FieldKey) -> EngagementKind {
    match key.as_str() {
        "occurred_at" | "ended_at" | "all_day" | "location" | "conference_url" => EngagementKind::Meeting,
        "participants" | "thread_id" => EngagementKind::Email,
        _ => EngagementKind::Call,
    }
}

fn is_of_every_kind(key: &FieldKey) -> bool {
    let common = [Engagement::SUBJECT, Engagement::BODY, Engagement::OWNER, Engagement::TARGETS];
    common.contains(key)
}

pub(crate) fn day(year: i32, month: u32, day: u32) -> Option<Date> {
    Date::from_ymd_opt(year, month, day)
}

/// A moment in whole seconds: finer ones no vendor keeps.
pub(crate) fn moment() -> Instant {
    Instant::from_timestamp(1_759_226_400, 0).unwrap_or_default()
}

pub(crate) fn create_write<T: Object>(patch: &RecordPatch) -> Write<T> {
    let new = ok(T::new_from_patch(patch.clone()), format!("a new {}", T::KIND));
    Write::Create(Create { new, key: None })
}

pub(crate) fn update_write<T: Object>(id: &RemoteId<T>, patch: &RecordPatch) -> Write<T> {
    let patch = ok(T::patch_from_record(patch.clone()), format!("a patch of a {}", T::KIND));
    Write::Update(Update { id: id.clone(), patch })
}

/// Sends one write and returns its one result.
pub(crate) async fn one<T: Object>(collection: &dyn Collection<T>, write: Write<T>) -> Result<Written<T>> {
    let mut written = collection.write(vec![write]).await;
    assert_eq!(written.len(), 1, "{}: one result per write", T::KIND);
    written.remove(0)
}
