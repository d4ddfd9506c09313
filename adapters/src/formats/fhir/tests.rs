//! Do documents say what the terms say, and terms what the documents say?
