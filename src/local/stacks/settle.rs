//! Assigns ports to stacks, in one process at a time: no two stacks may get the same.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use super::known::{KnownStack, StackState, in_folder, others, owner, point_to};
use crate::config::{STACKS, Source, StackPort, StackPorts, StackService};
use crate::error::{Context as _, Error, Reason, Result};
use crate::local::plan::{PortChoice, StackConfig};
use crate::local::probe::Found;
use crate::local::stack::is_taken;
use crate::local::state::{Moved, save};
use crate::local::{paths, private};

/// How long to wait for another process that assigns ports, which takes moments.
const TIMEOUT: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(20);
/// The ports to choose from: below those that systems give to outgoing connections.
const FREE: std::ops::Range<u16> = 10_000..32_768;

/// A plan whose ports belong to it.
pub(in crate::local) struct Settled {
    pub(in crate::local) plan: StackConfig,
    /// What is on each port now.
    pub(in crate::local) found: [Found; 3],
    pub(in crate::local) moved: Vec<Moved>,
    /// Whether the stack had no ports before.
    pub(in crate::local) is_new: bool,
}

/// The ports being assigned.
struct Giving<'a> {
    plan: &'a StackConfig,
    others: Vec<KnownStack>,
    /// Those of this stack so far.
    ports: Vec<u16>,
    /// The stacks that lose one.
    losers: Vec<KnownStack>,
    moved: Vec<Moved>,
}

/// Chooses the ports of a stack that this process is about to start, and writes them down.
///
/// # Errors
/// A port belongs to another stack, or is taken by something that is not the service.
pub(in crate::local) async fn settle(plan: StackConfig) -> Result<Settled> {
    let _lock = lock(&plan).await?;
    let known = StackPorts::read(&plan.data_dir)?;
    let is_new = known.is_none();
    let known = known.unwrap_or_default();
    let others = others(plan.data_folder.as_deref().map(in_folder).unwrap_or_default(), &plan.data_dir);
    let mut giving = Giving { plan: &plan, others, ports: Vec::new(), losers: Vec::new(), moved: Vec::new() };
    for service in StackService::ALL {
        let port = giving.choose(service, &known)?;
        giving.ports.push(port);
    }
    let ports = giving.ports.clone().try_into().unwrap_or_default();
    let Giving { losers, moved, .. } = giving;
    let plan = plan.on_ports(ports)?;
    let mut found = [Found::Nothing; 3];
    let mut record = StackPorts { project: plan.project.clone(), ..StackPorts::default() };
    for service in StackService::ALL {
        let port = plan.port(service);
        let here = plan.probe(service, port).await?;
        found[service as usize] = here;
        let external = here == Found::Service;
        record.ports.insert(service, StackPort { asked: plan.asked(service).port, port, external });
    }
    for loser in losers {
        save(&loser.ports, &StackPorts::file(&loser.folder))?;
    }
    save(&record, &StackPorts::file(&plan.data_dir))?;
    if let Some(data_folder) = &plan.data_folder {
        // A stack in a folder of its own works without being listed.
        let _ = point_to(&plan.data_dir, data_folder);
    }
    Ok(Settled { plan, found, moved, is_new })
}

/// Waits until no other process assigns ports. `None` if this stack is elsewhere and there is no folder for
/// the stacks.
async fn lock(plan: &StackConfig) -> Result<Option<File>> {
    let Some(data_folder) = plan.data_folder.as_deref() else { return Ok(None) };
    let opened = open(&data_folder.join(STACKS));
    if opened.is_err() && !plan.data_dir.starts_with(data_folder) {
        return Ok(None);
    }
    let (file, start) = (opened?, Instant::now());
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if start.elapsed() < TIMEOUT => tokio::time::sleep(POLL).await,
            Err(cause) => {
                let what = || format!("cannot lock {}", data_folder.join(STACKS).display());
                return Err(cause).or_failed(what);
            }
        }
    }
}

fn open(stacks: &Path) -> Result<File> {
    paths::prepare(stacks)?;
    private::open(&stacks.join("lock"), OpenOptions::new().create(true).append(true))
}

impl Giving<'_> {
    fn choose(&mut self, service: StackService, known: &StackPorts) -> Result<u16> {
        let given = self.plan.given();
        let asked = self.plan.asked(service);
        if let Some(port) = given.by_service[service as usize] {
            return self.take(port);
        }
        let kept = known.for_asked(service, asked.port);
        match given.choice {
            Some(PortChoice::Fixed) => return self.take(asked.port),
            Some(PortChoice::Free) => return self.free(service, kept),
            None => {}
        }
        let owner = owner(&self.others, asked.port);
        if let (true, Some(owner)) = (asked.is_binding(), owner) {
            // Of stacks without a project, one after the other may be started on a port.
            if owner.ports.project.is_none() {
                return self.take(asked.port);
            }
            let why = format!("port {} belongs to {}", asked.port, owner.described());
            let mut error = asked.source.error(why);
            if let Source::Variable(name) = &asked.source {
                error = error.hint(Reason::PortOfOtherStack(name.clone()));
            }
            return Err(error);
        }
        let owner = owner.map(KnownStack::described);
        let is_open = |port: &u16| self::owner(&self.others, *port).is_none();
        let port = match kept.filter(|_| !asked.is_binding()).filter(is_open) {
            Some(port) => port,
            None if owner.is_none() => asked.port,
            None => self.free(service, None)?,
        };
        if port != asked.port && owner.is_some() {
            self.moved.push(Moved { stack: None, asked: asked.port, port, owner });
        }
        Ok(port)
    }

    /// A port that this stack gets, whoever had it. Another stack that had it gets another one.
    fn take(&mut self, port: u16) -> Result<u16> {
        let Some(at) = self.others.iter().position(|stack| stack.owns(port)) else { return Ok(port) };
        let name = self.others[at].described();
        // What a killed one has left running counts, too.
        if self.others[at].state()?.0 != StackState::Stopped {
            return Err(Error::failed(format!("port {port} belongs to {name}, which is running"))
                .hint(Reason::OtherStackRuns(self.others[at].folder.clone())));
        }
        let services: Vec<StackService> = self.others[at].ports.ports.keys().copied().collect();
        for service in services {
            if self.others[at].ports.ports[&service].port != port {
                continue;
            }
            let other = self.free(service, Some(port))?;
            if let Some(found) = self.others[at].ports.ports.get_mut(&service) {
                found.port = other;
            }
            self.moved.push(Moved { stack: Some(name.clone()), asked: port, port: other, owner: None });
        }
        let loser = self.others[at].clone();
        self.losers.retain(|stack| stack.folder != loser.folder);
        self.losers.push(loser);
        Ok(port)
    }

    /// A port that no stack has and nobody listens on: 15432 for 5432, or the next.
    fn free(&self, service: StackService, except: Option<u16>) -> Result<u16> {
        let asked = self.plan.asked(service).port;
        let first = FREE.start + asked % FREE.start;
        let is_ours = |port: u16| {
            let names = |asked: &StackService| self.plan.asked(*asked).port == port;
            self.ports.contains(&port) || StackService::ALL.iter().any(names)
        };
        (first..FREE.end)
            .chain(FREE.start..first)
            .find(|port| {
                let is_open = owner(&self.others, *port).is_none() && !is_ours(*port);
                is_open && Some(*port) != except && !is_taken(*port)
            })
            .ok_or_else(|| Error::failed("there is no free port"))
    }
}
