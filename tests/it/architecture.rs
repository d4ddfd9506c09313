//! Do the packages depend on each other as the design says, and does every file keep the rules of the house?
