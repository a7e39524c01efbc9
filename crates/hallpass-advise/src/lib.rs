//! Which way of keeping sessions fits: a tree of questions, as data.
//!
//! The tree is one file, `tree.toml`. What is drawn, asked and recommended is made of it.
//!
//! ```
//! use hallpass_advise::{Next, Tree};
//!
//! let tree = Tree::bundled()?;
//! let mut walk = tree.walk();
//! for word in ["small", "browser", "none", "several", "yes"] {
//!     walk.answer(word)?;
//! }
//! let Next::Leaf(leaf) = walk.here() else { panic!("there are more questions") };
//! assert_eq!(leaf.pattern.is, "database-backed session with an audit trail");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod drawing;
mod leaf;
mod page;
mod tree;
mod walk;

pub use self::leaf::{Leaf, Reasoned, Timeouts};
pub use self::tree::{Answer, Node, Tree, TreeError};
pub use self::walk::{Next, NoAnswer, Step, Walk};
