//! Does anything personal reach a log, an error or an output?
