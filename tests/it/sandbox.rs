//! Does the sandbox play its story, and does the shell client work against it?
