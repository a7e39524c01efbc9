//! The rules hold in every world, and each broken server is found out.

mod faults;
mod fleet;
mod library;
mod tabs;
mod worlds;
