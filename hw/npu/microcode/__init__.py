"""The accelerator under microprogrammed control, for chips with a few thousand LUTs."""
