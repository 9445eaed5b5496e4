// Some adapters require this directive, others reject it.
//: if SUBGROUPS_ENABLE
enable subgroups;
//: end
