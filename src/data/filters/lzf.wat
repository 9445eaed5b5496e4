;; Decompression for the LZF filter of HDF5 (number 32000, which h5py writes): a plug-in that the HDF5 library in
;; WebAssembly loads from this folder when a chunk needs it. Assembled with wabt 1.0.39 (npm). The inserted section
;; lists what the plug-in needs: 40 bytes of memory, aligned to 4, and one entry of the function table.
;;
;;   wat2wasm lzf.wat -o lzf.wasm
;;   (head -c 8 lzf.wasm; printf '\0\017\010dylink.0\1\4\50\2\1\0'; tail -c +9 lzf.wasm) > libH5Zlzf.so
;;
;; Compressed data is a series of pieces of two kinds, which differ in their first byte, `control`:
;;   control < 32   literals: the next control + 1 bytes are copied
;;   otherwise      a copy of earlier output: length = control >> 5, plus the next byte if that is 7, plus 2;
;;                  distance = (control & 31) << 8, plus the next byte, plus 1
(module
  (import "env" "memory" (memory 0))
  (import "env" "__indirect_function_table" (table 1 funcref))
  (import "env" "__memory_base" (global $memory i32))
  (import "env" "__table_base" (global $table i32))
  (import "env" "malloc" (func $malloc (param i32) (result i32)))
  (import "env" "free" (func $free (param i32)))
  (elem (global.get $table) func $filter)

  ;; H5Z_class2_t: version 1, number 32000, no encoder, a decoder, then pointers to the name (which follows), to two
  ;; optional functions (none here) and to $filter. The pointers are set below.
  (data (global.get $memory)
    "\01\00\00\00" "\00\7d\00\00" "\00\00\00\00" "\01\00\00\00"
    "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" "lzf\00")

  ;; H5PL_TYPE_FILTER
  (func (export "H5PLget_plugin_type") (result i32) (i32.const 0))

  (func (export "H5PLget_plugin_info") (result i32)
    (i32.store offset=16 (global.get $memory) (i32.add (global.get $memory) (i32.const 32)))
    (i32.store offset=28 (global.get $memory) (global.get $table))
    (global.get $memory))

  ;; H5Z_func_t. values[2] is the size of the chunk in bytes. Returns the decompressed size, or 0 for damaged data.
  (func $filter (param $flags i32) (param $value_count i32) (param $values i32) (param $size i32)
      (param $buffer_size i32) (param $buffer i32) (result i32)
    (local $capacity i32) (local $output i32) (local $unpacked i32)
    ;; H5Z_FLAG_REVERSE requests decompression, the only direction supported here.
    (if (i32.eqz (i32.and (local.get $flags) (i32.const 0x100))) (then (return (i32.const 0))))
    (if (i32.lt_u (local.get $value_count) (i32.const 3)) (then (return (i32.const 0))))
    ;; A checksum of 4 bytes may be compressed with the chunk.
    (local.set $capacity (i32.add (i32.load offset=8 (local.get $values)) (i32.const 4)))
    (local.set $output (call $malloc (local.get $capacity)))
    (if (i32.eqz (local.get $output)) (then (return (i32.const 0))))
    (local.set $unpacked
      (call $unpack (i32.load (local.get $buffer)) (local.get $size) (local.get $output) (local.get $capacity)))
    (if (i32.eqz (local.get $unpacked)) (then (call $free (local.get $output)) (return (i32.const 0))))
    (call $free (i32.load (local.get $buffer)))
    (i32.store (local.get $buffer) (local.get $output))
    (i32.store (local.get $buffer_size) (local.get $capacity))
    (local.get $unpacked))

  ;; Returns the number of bytes written to $output, or 0 if the data is damaged or exceeds $capacity bytes.
  (func $unpack (param $input i32) (param $size i32) (param $output i32) (param $capacity i32) (result i32)
    (local $input_end i32) (local $to i32) (local $room_end i32)
    (local $control i32) (local $length i32) (local $from i32)
    (local.set $input_end (i32.add (local.get $input) (local.get $size)))
    (local.set $to (local.get $output))
    (local.set $room_end (i32.add (local.get $output) (local.get $capacity)))
    (block $done
      (loop $pieces
        (br_if $done (i32.ge_u (local.get $input) (local.get $input_end)))
        (local.set $control (i32.load8_u (local.get $input)))
        (local.set $input (i32.add (local.get $input) (i32.const 1)))
        (if (i32.lt_u (local.get $control) (i32.const 32))
          (then
            (local.set $length (i32.add (local.get $control) (i32.const 1)))
            (local.set $from (local.get $input))
            (local.set $input (i32.add (local.get $input) (local.get $length))))
          (else
            (local.set $length (i32.shr_u (local.get $control) (i32.const 5)))
            (if (i32.eq (local.get $length) (i32.const 7))
              (then
                (local.set $length (i32.add (local.get $length) (i32.load8_u (local.get $input))))
                (local.set $input (i32.add (local.get $input) (i32.const 1)))))
            (local.set $length (i32.add (local.get $length) (i32.const 2)))
            (local.set $from
              (i32.sub (i32.sub (local.get $to) (i32.const 1))
                (i32.or (i32.shl (i32.and (local.get $control) (i32.const 31)) (i32.const 8))
                  (i32.load8_u (local.get $input)))))
            (local.set $input (i32.add (local.get $input) (i32.const 1)))
            (if (i32.lt_u (local.get $from) (local.get $output)) (then (return (i32.const 0))))))
        (if (i32.gt_u (local.get $input) (local.get $input_end)) (then (return (i32.const 0))))
        (if (i32.gt_u (local.get $length) (i32.sub (local.get $room_end) (local.get $to)))
          (then (return (i32.const 0))))
        ;; Byte by byte, since a copy may overlap its own output.
        (loop $bytes
          (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
          (local.set $to (i32.add (local.get $to) (i32.const 1)))
          (local.set $from (i32.add (local.get $from) (i32.const 1)))
          (local.set $length (i32.sub (local.get $length) (i32.const 1)))
          (br_if $bytes (local.get $length)))
        (br $pieces)))
    (i32.sub (local.get $to) (local.get $output)))
)
