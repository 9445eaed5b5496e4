// Some adapters ask for this line, others refuse it.
//: if SUBGROUPS_ENABLE
enable subgroups;
//: end
