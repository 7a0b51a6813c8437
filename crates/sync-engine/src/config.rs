use std::sync::Arc;
use std::time::Duration;

use crm_model::ObjectKind;
use sync_core::deletes::DeletePolicy;
use sync_core::{Compiled, Direction, Key, Mapping, Policy, Side, compile};
use sync_store::StateStore;
use tokio::sync::OnceCell;
use unified_crm::{Clock, CollectionCapabilities, Crm, Identity, SystemClock};

use crate::SyncError;
use crate::directory::{Directory, StageTable};

/// How one object is kept in agreement.
#[derive(Debug, Clone)]
pub struct ObjectSync {
    mapping: Mapping,
    keys: Option<Vec<Key>>,
    creates: Option<Direction>,
    deletes: DeletePolicy,
}

impl ObjectSync {
    /// An object with this mapping, matched by the object's default keys; records that one side lacks are created
    /// there, and deletions unlink.
    #[must_use]
    pub fn new(mapping: Mapping) -> Self {
        Self { mapping, keys: None, creates: Some(Direction::Both), deletes: DeletePolicy::Unlink }
    }

    /// Matches records by these keys, strongest first.
    #[must_use]
    pub fn match_on(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        self.keys = Some(keys.into_iter().collect());
        self
    }

    /// Creates what one side lacks in this direction only; `None` creates nothing and only links what both sides have.
    #[must_use]
    pub fn create(mut self, direction: Option<Direction>) -> Self {
        self.creates = direction;
        self
    }

    /// What happens to a record whose partner was deleted.
    #[must_use]
    pub fn on_delete(mut self, policy: DeletePolicy) -> Self {
        self.deletes = policy;
        self
    }
}

impl From<Mapping> for ObjectSync {
    fn from(mapping: Mapping) -> Self {
        Self::new(mapping)
    }
}

impl From<ObjectKind> for ObjectSync {
    /// The object with its unified default mapping.
    fn from(object: ObjectKind) -> Self {
        Self::new(Mapping::unified(object))
    }
}

/// Puts a [`Sync`] together.
#[must_use]
pub struct SyncBuilder {
    crms: [Arc<dyn Crm>; 2],
    objects: Vec<ObjectSync>,
    conflict: Option<Policy>,
    stages: StageTable,
    store: Option<Arc<dyn StateStore>>,
    clock: Arc<dyn Clock>,
    worker: String,
    settle_after: Duration,
}

impl SyncBuilder {
    /// Keeps an object in agreement. An object that was given before is replaced.
    pub fn object(mut self, object: impl Into<ObjectSync>) -> Self {
        let object = object.into();
        self.objects.retain(|other| other.mapping.object() != object.mapping.object());
        self.objects.push(object);
        self
    }

    /// Keeps accounts, contacts, deals, tasks and notes in agreement, each by its unified default mapping.
    pub fn everything(self) -> Self {
        ObjectKind::SYNCED.into_iter().fold(self, Self::object)
    }

    /// Who wins when both sides changed a field, for every object whose mapping does not say otherwise.
    pub fn on_conflict(mut self, policy: Policy) -> Self {
        self.conflict = Some(policy);
        self
    }

    /// Which deal stage is which: needed where the two sides name them differently.
    pub fn stages(mut self, table: StageTable) -> Self {
        self.stages = table;
        self
    }

    /// Where the sync remembers.
    pub fn state(self, store: impl StateStore + 'static) -> Self {
        self.shared_state(Arc::new(store))
    }

    /// As [`state`](Self::state), for a store that others hold, too.
    pub fn shared_state(mut self, store: Arc<dyn StateStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// The clock to stamp observations with and to wait by. The system's by default.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The name under which this process takes the lease; needed where several work on one state.
    pub fn worker(mut self, name: impl Into<String>) -> Self {
        self.worker = name.into();
        self
    }

    /// How long a write whose outcome is unknown may still arrive: nothing is created again before. 60 s by default.
    pub fn settle_after(mut self, wait: Duration) -> Self {
        self.settle_after = wait;
        self
    }

    /// The sync, ready to plan.
    ///
    /// # Errors
    /// [`SyncError::Config`] where no object or no state is given. The mapping is checked against the two systems by
    /// the first plan, because that needs to ask them.
    pub fn build(self) -> Result<Sync, SyncError> {
        let config = |what: &str| SyncError::Config(what.to_owned());
        let store =
            self.store.ok_or_else(|| config("a sync needs a state: call .state(SqliteStore::open(path).await?)"))?;
        if self.objects.is_empty() {
            return Err(config("a sync needs at least one object: call .everything() or .object(ObjectKind::Contact)"));
        }
        let mut objects = self.objects;
        objects.sort_by_key(|object| ObjectKind::RECORDS.iter().position(|kind| *kind == object.mapping.object()));
        if let Some(policy) = self.conflict {
            for object in &mut objects {
                object.mapping = object.mapping.clone().default_policy(policy.clone());
            }
        }
        Ok(Sync(Arc::new(Parts {
            crms: self.crms,
            objects,
            stages: self.stages,
            store,
            clock: self.clock,
            worker: self.worker,
            settle_after: self.settle_after,
            ready: OnceCell::new(),
        })))
    }
}

/// Two systems that are kept in agreement. Clones are the same sync.
#[derive(Clone)]
pub struct Sync(pub(crate) Arc<Parts>);

impl std::fmt::Debug for Sync {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let objects: Vec<_> = self.0.objects.iter().map(|object| object.mapping.object()).collect();
        f.debug_struct("Sync")
            .field("a", &self.0.crms[0])
            .field("b", &self.0.crms[1])
            .field("objects", &objects)
            .finish()
    }
}

pub(crate) struct Parts {
    pub(crate) crms: [Arc<dyn Crm>; 2],
    objects: Vec<ObjectSync>,
    stages: StageTable,
    pub(crate) store: Arc<dyn StateStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) worker: String,
    pub(crate) settle_after: Duration,
    ready: OnceCell<Ready>,
}

/// What is learned from the two systems once per connection: who they are, what their fields are, who works there.
pub(crate) struct Ready {
    pub(crate) identities: [Identity; 2],
    pub(crate) objects: Vec<ReadyObject>,
    pub(crate) directory: Directory,
}

/// One object whose mapping was checked against both systems.
pub(crate) struct ReadyObject {
    pub(crate) kind: ObjectKind,
    pub(crate) compiled: Compiled,
    pub(crate) keys: Vec<Key>,
    pub(crate) creates: Option<Direction>,
    pub(crate) deletes: DeletePolicy,
    pub(crate) capabilities: [CollectionCapabilities; 2],
}

impl Sync {
    /// Starts to put a sync of two systems together.
    pub fn between(a: Arc<dyn Crm>, b: Arc<dyn Crm>) -> SyncBuilder {
        SyncBuilder {
            crms: [a, b],
            objects: Vec::new(),
            conflict: None,
            stages: StageTable::default(),
            store: None,
            clock: Arc::new(SystemClock::new()),
            worker: "crmkit".to_owned(),
            settle_after: Duration::from_secs(60),
        }
    }

    /// The two systems' vendors, for people to read.
    #[must_use]
    pub fn vendors(&self) -> [&'static str; 2] {
        [self.0.crms[0].vendor(), self.0.crms[1].vendor()]
    }
}

impl Parts {
    pub(crate) fn crm(&self, side: Side) -> &dyn Crm {
        self.crms[side.index()].as_ref()
    }

    pub(crate) fn fail(&self, side: Side) -> impl Fn(unified_crm::Error) -> SyncError {
        let vendor = self.crm(side).vendor();
        move |source| SyncError::Crm { side, vendor, source }
    }

    /// Asks both systems for their fields, users and stages, once; later runs of the same [`Sync`] reuse the answer.
    pub(crate) async fn ready(&self) -> Result<&Ready, SyncError> {
        self.ready.get_or_try_init(|| self.prepare()).await
    }

    async fn prepare(&self) -> Result<Ready, SyncError> {
        let mut identities = Vec::new();
        let mut users = Vec::new();
        let mut pipelines = Vec::new();
        let with_deals = self.objects.iter().any(|object| object.mapping.object() == ObjectKind::Deal);
        for side in Side::BOTH {
            let crm = self.crm(side);
            identities.push(crm.identity().await.map_err(self.fail(side))?);
            users.push(if crm.capabilities().users { crm.users().await.map_err(self.fail(side))? } else { Vec::new() });
            let wanted = with_deals && crm.capabilities().pipelines;
            pipelines.push(if wanted { crm.pipelines().await.map_err(self.fail(side))? } else { Vec::new() });
        }
        let no_stages = StageTable::default();
        let stages = if with_deals { &self.stages } else { &no_stages };
        let directory = Directory::new([&users[0], &users[1]], [&pipelines[0], &pipelines[1]], stages);
        let mut objects = Vec::new();
        let mut findings = Vec::new();
        for object in &self.objects {
            match self.prepare_object(object).await? {
                Ok(ready) => objects.push(ready),
                Err(found) => findings.extend(found),
            }
        }
        if !findings.is_empty() {
            return Err(SyncError::Mapping(findings));
        }
        let [a, b] =
            <[Identity; 2]>::try_from(identities).map_err(|_| SyncError::Config("two systems are needed".into()))?;
        Ok(Ready { identities: [a, b], objects, directory: directory.map_err(SyncError::Config)? })
    }

    async fn prepare_object(
        &self,
        object: &ObjectSync,
    ) -> Result<Result<ReadyObject, Vec<sync_core::Finding>>, SyncError> {
        let kind = object.mapping.object();
        let mut schemas = Vec::new();
        let mut capabilities = Vec::new();
        for side in Side::BOTH {
            let records = self.crm(side).records(kind).map_err(self.fail(side))?;
            schemas.push(records.schema().await.map_err(self.fail(side))?);
            capabilities.push(records.capabilities().clone());
        }
        let mapping = object.mapping.clone().named(self.crm(Side::A).vendor(), self.crm(Side::B).vendor());
        Ok(compile(&mapping, &schemas[0], &schemas[1]).map(|compiled| ReadyObject {
            kind,
            compiled,
            keys: object.keys.clone().unwrap_or_else(|| Key::defaults(kind)),
            creates: object.creates,
            deletes: object.deletes,
            capabilities: [capabilities[0].clone(), capabilities[1].clone()],
        }))
    }
}
