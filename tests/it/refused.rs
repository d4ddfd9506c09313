//! Is bad input refused with a clear error, and is nothing lost by it?
