//! Case files, explanations and replays: what people write, read and compare of the engine's answers.

#[cfg(test)]
mod explained;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod shipped;
#[cfg(test)]
mod strict;
#[cfg(test)]
mod world;
