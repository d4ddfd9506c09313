//! Is a REST message of X-Road read and written as its protocol says?
