"""A library of a few cells, with numbers that are easy to reckon with: 1 V, fF, ps."""

NAME = "small"

_DELAY = """
      timing () {{
        related_pin : "{pin}"; timing_sense : {sense};
        cell_rise (delay) {{ values ("10, 30", "20, 40"); }}
        cell_fall (delay) {{ values ("10, 30", "20, 40"); }}
        rise_transition (delay) {{ values ("5, 25", "5, 25"); }}
        fall_transition (delay) {{ values ("5, 25", "5, 25"); }}
      }}
"""


def _energy(pin: str, rise: float, fall: float, when: str = "") -> str:
    related = f'related_pin : "{pin}";' if pin else ""
    state = f'when : "{when}";' if when else ""
    return (
        f'internal_power () {{ {related} {state} rise_power (scalar) {{ values ("{rise}"); }} '
        f'fall_power (scalar) {{ values ("{fall}"); }} }}'
    )


def _input(name: str, capacitance: float, more: str = "") -> str:
    return f"pin ({name}) {{ direction : input; capacitance : {capacitance}; {more} }}"


def _gate(name: str, area: float, function: str, pins: str, sense: str, energy: float) -> str:
    arcs = "".join(_DELAY.format(pin=pin, sense=sense) for pin in pins)
    powers = "".join(_energy(pin, energy, energy + 1) for pin in pins)
    inputs = "".join(_input(pin, 2) for pin in pins)
    return f"""
  cell ({name}) {{ area : {area}; cell_leakage_power : {area};
    {inputs}
    pin (Y) {{ direction : output; function : "{function}"; max_capacitance : 200;
      {arcs} {powers} }}
  }}
"""


CELLS = (
    """
library (small) {
  delay_model : table_lookup;
  time_unit : "1ps"; voltage_unit : "1V"; current_unit : "1uA"; leakage_power_unit : "1nW";
  capacitive_load_unit (1, ff);
  nom_voltage : 1; nom_temperature : 25; nom_process : 1;
  lu_table_template (delay) {
    variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1 ("0, 100"); index_2 ("0, 200");
  }
"""
    + _gate("INV", 1, "!A", "A", "negative_unate", 1)
    + _gate("BUF", 2, "A", "A", "positive_unate", 2)
    + _gate("NAND2", 2, "!(A*B)", "AB", "negative_unate", 2)
    + _gate("NOR2", 2, "!(A+B)", "AB", "negative_unate", 2)
    + _gate("XOR2", 4, "A^B", "AB", "non_unate", 4)
    + f"""
  cell (DFF) {{ area : 8; cell_leakage_power : 8;
    ff (IQ, IQN) {{ clocked_on : "C"; next_state : "D"; }}
    {_input("D", 1)}
    {
        _input(
            "C",
            3,
            "clock : true;"
            + _energy("", 5, 3, "D * Q")
            + _energy("", 5, 3, "!D * !Q")
            + _energy("", 0, 7, "D * !Q")
            + _energy("", 0, 7, "!D * Q"),
        )
    }
    pin (Q) {{ direction : output; function : "IQ"; max_capacitance : 200;
      {_energy("C", 20, 22)} }}
  }}
  cell (GATE) {{ area : 6; cell_leakage_power : 6; dont_use : true;
    clock_gating_integrated_cell : latch_posedge;
    {_input("C", 4, "clock_gate_clock_pin : true;" + _energy("", 2, 2))}
    {_input("E", 1, "clock_gate_enable_pin : true;")}
    pin (G) {{ direction : output; clock_gate_out_pin : true; max_capacitance : 100;
      state_function : "C * IE"; {_energy("C", 6, 4)} }}
    pin (IE) {{ direction : internal; }}
  }}
  cell (TIE1) {{ area : 1; cell_leakage_power : 1;
    pin (Y) {{ direction : output; function : "1"; }}
  }}
  cell (TIE0) {{ area : 1; cell_leakage_power : 1;
    pin (Y) {{ direction : output; function : "0"; }}
  }}
}}
"""
)
"""A gate has as many nW and, for each transition, fJ as it has area; falling, one fJ more."""


def sram(words: int, bits: int, read: float, write: float) -> str:
    """An SRAM; energies of an access in fJ, and leakage of 1 nW for each word."""
    return f"""
library (sram_{words}x{bits}) {{
  delay_model : table_lookup;
  time_unit : "1ps"; voltage_unit : "1V"; leakage_power_unit : "1nW";
  capacitive_load_unit (1, ff);
  nom_voltage : 1; nom_temperature : 25; nom_process : 1;
  cell (SRAM_{words}x{bits}) {{
    area : {words * bits}; cell_leakage_power : {words};
    memory () {{ type : ram; address_width : {(words - 1).bit_length()}; word_width : {bits}; }}
    {_input("EN", 1)} {_input("WE", 1)} {_input("RE", 1)}
    {
        _input(
            "CK",
            5,
            "clock : true;"
            + _energy("", 1, 0, "!EN & !WE & !RE")
            + _energy("", write, 0, "EN & WE & !RE")
            + _energy("", read, 0, "EN & !WE & RE"),
        )
    }
  }}
}}
"""
