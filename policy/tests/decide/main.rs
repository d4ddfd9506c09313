//! What does the engine decide? By table, by property, and against a slow path that is written in the tests.

#[cfg(test)]
mod addresses;
#[cfg(test)]
mod ages;
#[cfg(test)]
mod assistance;
#[cfg(test)]
mod case;
#[cfg(test)]
mod dates;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod failing;
#[cfg(test)]
mod instruments;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod parties;
#[cfg(test)]
mod payloads;
#[cfg(test)]
mod permits;
#[cfg(test)]
mod prohibitions;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod random;
#[cfg(test)]
mod slow;
#[cfg(test)]
mod support;
#[cfg(test)]
mod workers;
#[cfg(test)]
mod world;
