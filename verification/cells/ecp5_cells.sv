// The ECP5's multiplier and block RAM, which Yosys' models of cells leave empty: as far as synthesis
// uses them; other uses are refused. What they do is what synthesis takes for granted (Yosys,
// techlibs/lattice: brams_16kd.txt, brams_map_16kd.v, dsp_map_18x18.v).

// A product without registers; an operand is signed where its SIGNED input says so.
module MULT18X18D(
    input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
    input B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
    input C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0,
    input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18,
    output P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
    wire signed [18:0] a = {SIGNEDA & A17, A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6,
                            A5, A4, A3, A2, A1, A0};
    wire signed [18:0] b = {SIGNEDB & B17, B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6,
                            B5, B4, B3, B2, B1, B0};
    wire signed [37:0] product = a * b;
    assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19,
            P18, P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0}
        = product[35:0];
endmodule

// 512 rows of four units of 9 bits. A port's address counts bits, eight to a unit: words of 1, 2 and
// 4 bits leave a unit's ninth alone. Words of 18 and 36 bits have a write enable for each unit, in
// the lowest bits of the address. 36 bits are written by port A and read by port B, with the data
// pins of both. Both ports have one clock; that of a port without use is 0.
//
// A reset of the output needs no clock enable, and prevents a write. Bits that one port reads while
// the other writes them are not defined: here they are the opposite of what they were, so that a chip
// that looks at them goes wrong.
module DP16KD(
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5,
          DIA4, DIA3, DIA2, DIA1, DIA0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input CEA, OCEA, CLKA, WEA, RSTA, CSA2, CSA1, CSA0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5,
          DIB4, DIB3, DIB2, DIB1, DIB0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input CEB, OCEB, CLKB, WEB, RSTB, CSB2, CSB1, CSB0,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5,
           DOA4, DOA3, DOA2, DOA1, DOA0, DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10,
           DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0
);
    parameter DATA_WIDTH_A = 18, DATA_WIDTH_B = 18;
    parameter REGMODE_A = "NOREG";
    parameter REGMODE_B = "NOREG";
    parameter RESETMODE = "SYNC";
    parameter ASYNC_RESET_RELEASE = "SYNC";
    parameter CSDECODE_A = "0b000";
    parameter CSDECODE_B = "0b000";
    parameter WRITEMODE_A = "NORMAL";
    parameter WRITEMODE_B = "NORMAL";
    parameter CLKAMUX = "CLKA";
    parameter CLKBMUX = "CLKB";
    parameter GSR = "AUTO";
    parameter [319:0] INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0, INITVAL_04 = 0,
        INITVAL_05 = 0, INITVAL_06 = 0, INITVAL_07 = 0, INITVAL_08 = 0, INITVAL_09 = 0,
        INITVAL_0A = 0, INITVAL_0B = 0, INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0,
        INITVAL_0F = 0, INITVAL_10 = 0, INITVAL_11 = 0, INITVAL_12 = 0, INITVAL_13 = 0,
        INITVAL_14 = 0, INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0, INITVAL_18 = 0,
        INITVAL_19 = 0, INITVAL_1A = 0, INITVAL_1B = 0, INITVAL_1C = 0, INITVAL_1D = 0,
        INITVAL_1E = 0, INITVAL_1F = 0, INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0,
        INITVAL_23 = 0, INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0, INITVAL_27 = 0,
        INITVAL_28 = 0, INITVAL_29 = 0, INITVAL_2A = 0, INITVAL_2B = 0, INITVAL_2C = 0,
        INITVAL_2D = 0, INITVAL_2E = 0, INITVAL_2F = 0, INITVAL_30 = 0, INITVAL_31 = 0,
        INITVAL_32 = 0, INITVAL_33 = 0, INITVAL_34 = 0, INITVAL_35 = 0, INITVAL_36 = 0,
        INITVAL_37 = 0, INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B = 0,
        INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0;
    localparam [64*320-1:0] INITIAL = {
        INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39,
        INITVAL_38, INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32,
        INITVAL_31, INITVAL_30, INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B,
        INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24,
        INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E, INITVAL_1D,
        INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18, INITVAL_17, INITVAL_16,
        INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10, INITVAL_0F,
        INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
        INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01,
        INITVAL_00
    };
    wire [17:0] di_a = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7,
                        DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
    wire [17:0] di_b = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7,
                        DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};
    wire [13:0] ad_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2,
                        ADA1, ADA0};
    wire [13:0] ad_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2,
                        ADB1, ADB0};
    wire selected_a = CEA && {CSA2, CSA1, CSA0} == 0;
    wire selected_b = CEB && {CSB2, CSB1, CSB0} == 0;
    reg [35:0] rows[512];
    reg [17:0] do_a = 0, do_b = 0;
    // INITVAL_xx have 20 bits for each 18 of the memory.
    initial for (int i = 0; i < 512; i++) rows[i] = {INITIAL[40*i+20+:18], INITIAL[40*i+:18]};

    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5,
            DOA4, DOA3, DOA2, DOA1, DOA0} = do_a;
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
            DOB4, DOB3, DOB2, DOB1, DOB0} = do_b;

    // Where in its row the word begins.
    function automatic [5:0] place(input int width, input [13:0] ad);
        case (width)
            36: place = 0;
            18: place = ad[4] ? 18 : 0;
            9: place = 6'(9 * ad[4:3]);
            default: place = 6'(9 * ad[4:3] + (ad[2:0] & -width));
        endcase
    endfunction

    // Bits of its row that a write changes.
    function automatic [35:0] written(input int width, input [13:0] ad);
        case (width)
            36: written = {{9{ad[3]}}, {9{ad[2]}}, {9{ad[1]}}, {9{ad[0]}}};
            18: written = {18'b0, {9{ad[1]}}, {9{ad[0]}}} << place(18, ad);
            default: written = ((36'b1 << width) - 36'b1) << place(width, ad);
        endcase
    endfunction

    wire [35:0] data_a = (DATA_WIDTH_A == 36 ? {di_b, di_a} : 36'(di_a)) << place(DATA_WIDTH_A, ad_a);
    wire [35:0] data_b = 36'(di_b) << place(DATA_WIDTH_B, ad_b);
    wire [35:0] mask_a = selected_a && WEA && !RSTA ? written(DATA_WIDTH_A, ad_a) : 0;
    wire [35:0] mask_b = selected_b && WEB && !RSTB ? written(DATA_WIDTH_B, ad_b) : 0;

    // The word of a port in its row.
    function automatic [35:0] word(input int width, input [13:0] ad, input [35:0] row);
        word = (row >> place(width, ad)) & ((36'b1 << width) - 36'b1);
    endfunction

    initial
        if (REGMODE_A != "NOREG" || REGMODE_B != "NOREG" || CLKAMUX != "CLKA" || CLKBMUX != "CLKB"
            || CSDECODE_A != "0b000" || CSDECODE_B != "0b000"
            || (DATA_WIDTH_B == 36 && DATA_WIDTH_A != 36))
            $fatal(1, "DP16KD: this use of the cell is not modelled");

    wire clk = CLKA | CLKB;
    wire same_row = ad_a[13:5] == ad_b[13:5];
    reg [35:0] old_a, old_b, new_a, new_b;
    always @(posedge clk) begin
        if (RESETMODE != "SYNC" && (RSTA || RSTB))
            $fatal(1, "DP16KD: an asynchronous reset is not modelled");
        if (same_row && (mask_a & mask_b) != 0)
            $fatal(1, "DP16KD: both ports write a word, which leaves it undefined");
        old_a = rows[ad_a[13:5]] ^ (same_row ? mask_b : 0);
        old_b = rows[ad_b[13:5]] ^ (same_row ? mask_a : 0);
        new_a = (old_a & ~mask_a) | (data_a & mask_a);
        new_b = (old_b & ~mask_b) | (data_b & mask_b);
        rows[ad_a[13:5]] = (rows[ad_a[13:5]] & ~mask_a) | (data_a & mask_a);
        rows[ad_b[13:5]] = (rows[ad_b[13:5]] & ~mask_b) | (data_b & mask_b);

        if (RSTB) do_b <= 0;
        else if (selected_b && (!WEB || WRITEMODE_B == "READBEFOREWRITE"))
            do_b <= 18'(word(DATA_WIDTH_B, ad_b, old_b) >> (DATA_WIDTH_B == 36 ? 18 : 0));
        else if (selected_b && WRITEMODE_B == "WRITETHROUGH")
            do_b <= 18'(word(DATA_WIDTH_B, ad_b, new_b));

        if (DATA_WIDTH_B == 36) begin
            if (RSTB) do_a <= 0;
            else if (selected_b) do_a <= old_b[17:0];
        end
        else if (RSTA) do_a <= 0;
        else if (selected_a && (!WEA || WRITEMODE_A == "READBEFOREWRITE"))
            do_a <= 18'(word(DATA_WIDTH_A, ad_a, old_a));
        else if (selected_a && WRITEMODE_A == "WRITETHROUGH")
            do_a <= 18'(word(DATA_WIDTH_A, ad_a, new_a));
    end
endmodule
