//! Does the simulated Kela keep to its document?
