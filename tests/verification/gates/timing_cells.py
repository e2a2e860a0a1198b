"""A library whose delays are sums of products, so that paths can be added up by hand.

Inverter: rise 10 + 0.1 slew + 2 load, fall 20 + 0.2 slew + 1 load; transitions 4 + 3 load and
6 + 2 load. Exclusive or: 100 and 110, transitions 5. Flip-flop: rise 50 + load, fall 60 + load,
transitions 5 + load; setup 30 + half the slew for a rise, 40 + half the slew for a fall. Clock
gate: setup 70. Memory: access 500, transition 9; setup 15 for its enable, 25 for all else.
"""

from tests.verification.gates.timing_text import bilinear

LIBRARY = "\n".join(
    [
        'library (sums) { delay_model : table_lookup; time_unit : "1ps"; voltage_unit : "1V";',
        "capacitive_load_unit (1, ff); nom_voltage : 1; nom_temperature : 25;",
        "input_threshold_pct_rise : 50; input_threshold_pct_fall : 50;",
        "output_threshold_pct_rise : 50; output_threshold_pct_fall : 50;",
        "slew_lower_threshold_pct_rise : 20; slew_lower_threshold_pct_fall : 20;",
        "slew_upper_threshold_pct_rise : 80; slew_upper_threshold_pct_fall : 80;",
        "lu_table_template (delay) { variable_1 : input_net_transition;",
        'variable_2 : total_output_net_capacitance; index_1 ("1, 2"); index_2 ("1, 2"); }',
        "lu_table_template (check) { variable_1 : constrained_pin_transition;",
        'variable_2 : related_pin_transition; index_1 ("1, 2"); index_2 ("1, 2"); }',
        "cell (INV) { area : 1; pin (A) { direction : input; capacitance : 1; }",
        'pin (Y) { direction : output; function : "!A"; timing () { related_pin : "A";',
        "timing_sense : negative_unate;",
        bilinear("cell_rise", "delay", 10, 0.1, 2),
        bilinear("cell_fall", "delay", 20, 0.2, 1),
        bilinear("rise_transition", "delay", 4, 0, 3),
        bilinear("fall_transition", "delay", 6, 0, 2),
        "} } }",
        "cell (XOR) { area : 3; pin (A) { direction : input; capacitance : 1; }",
        "pin (B) { direction : input; capacitance : 1; }",
        'pin (Y) { direction : output; function : "A^B"; timing () { related_pin : "A B";',
        "timing_sense : non_unate;",
        bilinear("cell_rise", "delay", 100, 0, 0),
        bilinear("cell_fall", "delay", 110, 0, 0),
        bilinear("rise_transition", "delay", 5, 0, 0),
        bilinear("fall_transition", "delay", 5, 0, 0),
        "} } }",
        'cell (DFF) { area : 5; ff (IQ, IQN) { clocked_on : "CLK"; next_state : "D"; }',
        "pin (CLK) { direction : input; capacitance : 1; clock : true; }",
        "pin (D) { direction : input; capacitance : 2;",
        'timing () { related_pin : "CLK"; timing_type : setup_rising;',
        bilinear("rise_constraint", "check", 30, 0.5, 0),
        bilinear("fall_constraint", "check", 40, 0.5, 0),
        '} } pin (Q) { direction : output; function : "IQ";',
        'timing () { related_pin : "CLK"; timing_type : rising_edge; timing_sense : non_unate;',
        bilinear("cell_rise", "delay", 50, 0, 1),
        bilinear("cell_fall", "delay", 60, 0, 1),
        bilinear("rise_transition", "delay", 5, 0, 1),
        bilinear("fall_transition", "delay", 5, 0, 1),
        "} } }",
        "cell (GATE) { area : 4; clock_gating_integrated_cell : latch_posedge;",
        "pin (CLK) { direction : input; capacitance : 1; clock : true;",
        "clock_gate_clock_pin : true; }",
        "pin (EN) { direction : input; capacitance : 3; clock_gate_enable_pin : true;",
        'timing () { related_pin : "CLK"; timing_type : setup_rising;',
        bilinear("rise_constraint", "check", 70, 0, 0),
        bilinear("fall_constraint", "check", 70, 0, 0),
        '} } pin (OUT) { direction : output; clock_gate_out_pin : true; function : "CLK*EN";',
        'timing () { related_pin : "CLK"; timing_sense : positive_unate;',
        bilinear("cell_rise", "delay", 999, 0, 0),
        bilinear("cell_fall", "delay", 999, 0, 0),
        bilinear("rise_transition", "delay", 9, 0, 0),
        bilinear("fall_transition", "delay", 9, 0, 0),
        "} } }",
    ]
)

MEMORY = "\n".join(
    [
        "cell (SRAM) { area : 9; memory () { type : ram; address_width : 4; word_width : 8; }",
        "pin (CLK) { direction : input; capacitance : 1; clock : true; }",
        "pin (EN) { direction : input; capacitance : 4;",
        'timing () { related_pin : "CLK"; timing_type : setup_rising;',
        bilinear("rise_constraint", "check", 15, 0, 0),
        bilinear("fall_constraint", "check", 15, 0, 0),
        "} } pin (ADDR) { direction : input; capacitance : 2;",
        'timing () { related_pin : "CLK"; timing_type : setup_rising;',
        bilinear("rise_constraint", "check", 25, 0, 0),
        bilinear("fall_constraint", "check", 25, 0, 0),
        "} } pin (OUT) { direction : output;",
        'timing () { related_pin : "CLK"; timing_type : rising_edge; timing_sense : non_unate;',
        bilinear("cell_rise", "delay", 500, 0, 0),
        bilinear("cell_fall", "delay", 500, 0, 0),
        bilinear("rise_transition", "delay", 9, 0, 0),
        bilinear("fall_transition", "delay", 9, 0, 0),
        "} } }",
    ]
)
