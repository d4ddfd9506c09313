//! Do deliveries reach the agencies once in effect, whatever goes wrong on the way?
