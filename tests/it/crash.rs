//! Does the gateway keep what it has acknowledged when it is killed?
