//! What the examples share, and what has nothing to do with sessions: goods, customers, pages, an address.

mod assets;
mod customer;
mod failure;
mod goods;
mod page;
mod serve;
mod visit;

pub use self::customer::{Credentials, Customer, WrongPassword};
pub use self::failure::Failure;
pub use self::goods::{Cart, Good, Order};
pub use self::page::Page;
pub use self::serve::{open, run, sweep};
pub use self::visit::Visit;
