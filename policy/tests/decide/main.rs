//! What does the engine decide? By table, by golden matrix, by property, and against an oracle that knows no Cedar.

#[cfg(test)]
mod case;
#[cfg(test)]
mod failing;
#[cfg(test)]
mod instruments;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod parties;
#[cfg(test)]
mod payloads;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod world;
