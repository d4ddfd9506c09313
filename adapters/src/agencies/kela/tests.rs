//! Does the adapter speak as README.md says, and take nothing else in?
