//! One test or more for each rule, on the effects of single steps.
