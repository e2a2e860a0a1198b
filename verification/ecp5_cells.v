// Behaviour of the ECP5's multiplier and block RAM, as far as synthesis uses them: Yosys' own
// models leave them empty.

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

// Both ports work on 2048 units of 9 bits. Data of less than 9 bits leave the ninth alone; 18 bits
// take two units, with a write enable each in the lowest address bits; 36 bits take both ports' data.
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
    wire [17:0] di_a = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5,
        DIA4, DIA3, DIA2, DIA1, DIA0};
    wire [13:0] ad_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
    wire [17:0] di_b = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5,
        DIB4, DIB3, DIB2, DIB1, DIB0};
    wire [13:0] ad_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
    wire [35:0] di = {di_b, di_a};
    reg [8:0] units[2048];
    reg [17:0] do_a = 0, do_b = 0, old_a, old_b;
    initial for (int i = 0; i < 1024; i++) {units[2*i+1], units[2*i]} = INITIAL[20*i+:18];

    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5,
        DOA4, DOA3, DOA2, DOA1, DOA0} = do_a;
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
        DOB4, DOB3, DOB2, DOB1, DOB0} = do_b;

    function automatic [17:0] read(input int width, input [13:0] ad);
        case (width)
            1: read = 18'(units[ad[13:3]][ad[2:0]]);
            2: read = 18'(units[ad[13:3]][2*ad[2:1]+:2]);
            4: read = 18'(units[ad[13:3]][4*ad[2]+:4]);
            9: read = 18'(units[ad[13:3]]);
            18: read = {units[{ad[13:4], 1'b1}], units[{ad[13:4], 1'b0}]};
            default: read = {units[{ad[13:5], 2'b11}], units[{ad[13:5], 2'b10}]};
        endcase
    endfunction

    wire write_a = CEA && WEA && !RSTA && {CSA2, CSA1, CSA0} == 0;
    task automatic store_a;
        case (DATA_WIDTH_A)
            1: units[ad_a[13:3]][ad_a[2:0]] = di_a[0];
            2: units[ad_a[13:3]][2*ad_a[2:1]+:2] = di_a[1:0];
            4: units[ad_a[13:3]][4*ad_a[2]+:4] = di_a[3:0];
            9: units[ad_a[13:3]] = di_a[8:0];
            18: for (int i = 0; i < 2; i++)
                if (ad_a[i]) units[{ad_a[13:4], i[0]}] = di_a[9*i+:9];
            36: for (int i = 0; i < 4; i++)
                if (ad_a[i]) units[{ad_a[13:5], i[1:0]}] = di[9*i+:9];
        endcase
    endtask

    wire write_b = CEB && WEB && !RSTB && {CSB2, CSB1, CSB0} == 0;
    task automatic store_b;
        case (DATA_WIDTH_B)
            1: units[ad_b[13:3]][ad_b[2:0]] = di_b[0];
            2: units[ad_b[13:3]][2*ad_b[2:1]+:2] = di_b[1:0];
            4: units[ad_b[13:3]][4*ad_b[2]+:4] = di_b[3:0];
            9: units[ad_b[13:3]] = di_b[8:0];
            18: for (int i = 0; i < 2; i++)
                if (ad_b[i]) units[{ad_b[13:4], i[0]}] = di_b[9*i+:9];
        endcase
    endtask

    // One clock for both ports; the one of a port that is not used is 0.
    wire clk = CLKA | CLKB;
    always @(posedge clk) begin
        old_a = read(DATA_WIDTH_A, ad_a);
        old_b = read(DATA_WIDTH_B, ad_b);
        if (DATA_WIDTH_B == 36) old_a = {units[{ad_b[13:5], 2'b01}], units[{ad_b[13:5], 2'b00}]};
        if (write_a) store_a();
        if (write_b) store_b();
        if (RSTB) do_b <= 0;
        else if (CEB && (!WEB || WRITEMODE_B == "READBEFOREWRITE")) do_b <= old_b;
        else if (CEB && WRITEMODE_B == "WRITETHROUGH") do_b <= read(DATA_WIDTH_B, ad_b);
        if (DATA_WIDTH_B == 36) begin
            if (RSTB) do_a <= 0;
            else if (CEB) do_a <= old_a;
        end
        else if (RSTA) do_a <= 0;
        else if (CEA && (!WEA || WRITEMODE_A == "READBEFOREWRITE")) do_a <= old_a;
        else if (CEA && WRITEMODE_A == "WRITETHROUGH") do_a <= read(DATA_WIDTH_A, ad_a);
    end
endmodule
