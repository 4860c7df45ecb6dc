//! What every test stands on.

mod any_item;
mod boto3;
mod command;
mod disguise;
mod endless;
mod gate;
mod http;
mod listener;
mod moto;
mod ownership;
mod pool;
mod postgres;
mod proxy;

mod sandbox;
mod session;
mod shards;
mod snapshot;
mod stack;
mod statements;
mod table;
mod terminal;
mod times;
mod tls;
mod wait;
mod world;

pub use any_item::*;
pub use boto3::*;
pub use command::*;
pub use disguise::*;
pub use endless::*;
pub use gate::*;
pub use http::*;
pub use listener::*;
pub use moto::*;
pub use ownership::*;
pub use pool::*;
pub use postgres::*;
pub use proxy::*;

pub use sandbox::*;
pub use session::*;
pub use shards::*;
pub use snapshot::*;
pub use stack::*;
pub use statements::*;
pub use table::*;
pub use terminal::*;
pub use times::*;
pub use tls::*;
pub use wait::*;
pub use world::*;
