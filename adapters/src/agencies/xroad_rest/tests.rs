//! Is the way over X-Road REST gone as its protocol says?
