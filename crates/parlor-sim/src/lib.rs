//! Every core in one seeded world; tests only.
