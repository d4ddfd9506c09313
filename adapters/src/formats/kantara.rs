//! How does a consent look as a Kantara Consent Receipt 1.1?
