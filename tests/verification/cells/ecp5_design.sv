// What test_ecp5_cells.py has synthesised for the ECP5: memories of many kinds, products, registers.
// Every memory sees the same requests, and takes the lowest bits of each field.

// One port writes, one reads. Words that are read while they are written do not matter.
module two_ports #(parameter WIDTH = 8, ADDRESS = 9, ENABLES = 1, RESET = 0) (
    input clk, input [3:0] we, input re, clear, input [13:0] write_at, read_at, input [39:0] data,
    output reg [WIDTH-1:0] q
);
    localparam UNIT = WIDTH / ENABLES;
    (* ram_style = "block", no_rw_check *) reg [WIDTH-1:0] words[1 << ADDRESS];
    initial for (int i = 0; i < 50; i++) words[i] = WIDTH'(i * 40'h9e3779b97f);
    initial q = 0;
    always @(posedge clk) begin
        for (int i = 0; i < ENABLES; i++)
            if (we[i]) words[write_at[ADDRESS-1:0]][i*UNIT+:UNIT] <= data[i*UNIT+:UNIT];
        if (re) q <= words[read_at[ADDRESS-1:0]];
        if (RESET && clear) q <= 0;
    end
endmodule

// The same, where what is read while it is written is the old word.
module old_first #(parameter WIDTH = 8, ADDRESS = 9) (
    input clk, we, re, input [13:0] write_at, read_at, input [39:0] data,
    output reg [WIDTH-1:0] q
);
    (* ram_style = "block" *) reg [WIDTH-1:0] words[1 << ADDRESS];
    initial q = 0;
    always @(posedge clk) begin
        if (we) words[write_at[ADDRESS-1:0]] <= data[WIDTH-1:0];
        if (re) q <= words[read_at[ADDRESS-1:0]];
    end
endmodule

// One port that reads and writes. MODE: 0 writes instead of reading, 1 reads the old word, 2 the new.
module one_port #(parameter WIDTH = 8, ADDRESS = 9, MODE = 0) (
    input clk, we, re, input [13:0] at, input [39:0] data, output reg [WIDTH-1:0] q
);
    (* ram_style = "block" *) reg [WIDTH-1:0] words[1 << ADDRESS];
    initial q = 0;
    always @(posedge clk)
        if (re) begin
            if (we) words[at[ADDRESS-1:0]] <= data[WIDTH-1:0];
            if (MODE == 2 && we) q <= data[WIDTH-1:0];
            else if (MODE != 0 || !we) q <= words[at[ADDRESS-1:0]];
        end
endmodule

// Two ports that read or write.
module both_write #(parameter WIDTH = 8, ADDRESS = 9) (
    input clk, input [1:0] we, input [13:0] at_a, at_b, input [39:0] data,
    output reg [WIDTH-1:0] a, b
);
    (* ram_style = "block", no_rw_check *) reg [WIDTH-1:0] words[1 << ADDRESS];
    initial {a, b} = 0;
    always @(posedge clk)
        if (we[0]) words[at_a[ADDRESS-1:0]] <= data[WIDTH-1:0];
        else a <= words[at_a[ADDRESS-1:0]];
    always @(posedge clk)
        if (we[1]) words[at_b[ADDRESS-1:0]] <= ~data[WIDTH-1:0];
        else b <= words[at_b[ADDRESS-1:0]];
endmodule

module cells(input clk, input [73:0] request, output [586:0] outputs);
    wire [39:0] data = request[39:0];
    wire [13:0] write_at = request[53:40], read_at = request[67:54];
    wire [3:0] we = request[71:68];
    wire re = request[72], clear = request[73];

    wire [0:0] t1; wire [1:0] t2; wire [3:0] t4; wire [8:0] t9; wire [17:0] t18; wire [35:0] t36;
    two_ports #(1, 14) two1(.q(t1), .*);
    two_ports #(2, 13) two2(.q(t2), .*);
    two_ports #(4, 12) two4(.q(t4), .*);
    two_ports #(9, 11) two9(.q(t9), .*);
    two_ports #(18, 10) two18(.q(t18), .*);
    two_ports #(36, 9) two36(.q(t36), .*);
    wire [4:0] t5; wire [12:0] t13; wire [39:0] t40; wire [22:0] t23;
    two_ports #(5, 11) two5(.q(t5), .*);
    two_ports #(13, 7) two13(.q(t13), .*);
    two_ports #(40, 8) two40(.q(t40), .*);
    two_ports #(23, 12, 1, 1) two23(.q(t23), .*);
    wire [35:0] e36; wire [15:0] e16; wire [31:0] e32; wire [35:0] r36; wire [17:0] r18;
    two_ports #(36, 9, 4) enables36(.q(e36), .*);
    two_ports #(16, 10, 2) enables16(.q(e16), .*);
    two_ports #(32, 9, 4) enables32(.q(e32), .*);
    two_ports #(36, 9, 4, 1) reset36(.q(r36), .*);
    two_ports #(18, 10, 2, 1) reset18(.q(r18), .*);
    wire [20:0] o21; wire [8:0] o9;
    old_first #(21, 9) old21(.we(we[0]), .q(o21), .*);
    old_first #(9, 11) old9(.we(we[0]), .q(o9), .*);
    wire [17:0] s0, s1, s2; wire [6:0] u0, u1, u2;
    one_port #(18, 10, 0) one0(.we(we[0]), .at(write_at), .q(s0), .*);
    one_port #(18, 10, 1) one1(.we(we[0]), .at(write_at), .q(s1), .*);
    one_port #(18, 10, 2) one2(.we(we[0]), .at(write_at), .q(s2), .*);
    one_port #(7, 11, 0) odd0(.we(we[0]), .at(write_at), .q(u0), .*);
    one_port #(7, 11, 1) odd1(.we(we[0]), .at(write_at), .q(u1), .*);
    one_port #(7, 11, 2) odd2(.we(we[0]), .at(write_at), .q(u2), .*);
    wire [17:0] a18, b18;
    both_write #(18, 10) both18(.we(we[1:0]), .at_a(write_at), .at_b(read_at), .a(a18), .b(b18), .*);

    (* ram_style = "distributed" *) reg [4:0] few[32];
    initial for (int i = 0; i < 32; i++) few[i] = 5'(7 * i);
    always @(posedge clk) if (we[0]) few[write_at[4:0]] <= data[4:0];
    wire [4:0] f5 = few[read_at[4:0]];

    wire signed [17:0] x = data[17:0], y = data[35:18];
    wire [17:0] ux = data[17:0], uy = data[35:18];
    wire [35:0] signed18 = x * y, unsigned18 = ux * uy;
    wire signed [7:0] x8 = data[7:0], y8 = data[15:8];
    wire [15:0] signed8 = x8 * y8;
    wire signed [8:0] y9 = {1'b0, data[15:8]};
    wire [16:0] mixed = x8 * y9;
    wire signed [24:0] x25 = data[24:0];
    wire signed [14:0] y15 = data[39:25];
    wire [39:0] wide = x25 * y15;

    reg [6:0] count = 7'h5a;
    always @(posedge clk) count <= count + 1;

    assign outputs = {
        t1, t2, t4, t9, t18, t36, t5, t13, t40, t23, e36, e16, e32, r36, r18, o21, o9,
        s0, s1, s2, u0, u1, u2, a18, b18, f5,
        signed18, unsigned18, signed8, mixed, wide, count
    };
endmodule
