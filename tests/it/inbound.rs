//! Do the agencies reach the gateway in their own protocols, and only they?
