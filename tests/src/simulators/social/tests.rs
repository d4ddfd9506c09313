//! Do the simulated social services keep to their document?
