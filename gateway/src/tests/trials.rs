//! Does a trial leave anything but its audit leaf, whatever it is a trial of?

use polku_adapters::Redelivery;
