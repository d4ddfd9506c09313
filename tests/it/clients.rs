//! Can a client that nobody here wrote use the gateway?
