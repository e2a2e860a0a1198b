/* The accelerator as the replay keeps it: what the registers of hw/npu hold, without the data.
 *
 * Cycles count from the pulse that starts a stream. In each cycle every part looks at what the
 * registers hold, then sets what they hold in the next one.
 */
#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"
#include "memory.h"

typedef int64_t cycle;

enum { FETCH, RECORD, TRANSFERS, WEIGHTS, CLIENTS }; /* of the bus, by priority */
enum { CONVOLUTION, WINDOW, TAPWISE };               /* how a CONV or DEPTHWISE reads its input */

enum {
    ANSWERS = 128, /* cycles that a request is on its way, at most: a power of two */
    SLOTS = 64,    /* of the column buffers, at most: a power of two */
    TILES = 8,     /* tiles whose results are on their way to the scratchpad: a power of two */
    LINES = 32,    /* between the ring and the array, at most: a power of two */
    BEATS = 256    /* between the addresses of transfers and the scratchpad: a power of two */
};

/* Which queues take a command, as their registers say. */
typedef struct {
    bool weights, transfers;
} Rooms;

/* Commands that wait: their numbers. */
typedef struct {
    int commands[QUEUE];
    int count;
} CommandQueue;

/* Reads commands ahead, unpacks them into words and decodes them. */
typedef struct {
    bool enabled, room, word;
    int depth, outstanding, reserved, level;
    int lane, lanes;
    uint32_t address; /* of the next beat, in words of main memory */
} Fetch;

typedef struct {
    bool enabled, finishing, decoded;
    int next;                         /* command that is collected or decoded */
    int words_left;                   /* of it */
    bool queued;                      /* a compute command waits */
    int head;                         /* which one */
    int at_work, computes, transfers; /* completed: computes, transfers */
} Sequencer;

typedef struct {
    bool last, store;
    uint32_t banks;
    uint32_t word; /* of main memory: its number */
} Beat;

/* A FIFO of beats; `count` is what its reader sees. */
typedef struct {
    Beat beats[BEATS];
    unsigned first, end;
} BeatQueue;

typedef struct {
    bool active, store, empty, last;
    int64_t memory, scratchpad;
    int64_t row_bytes, memory_pitch, scratchpad_pitch;
    int rows;
} Descriptor;

typedef struct {
    bool valid, store, empty, last, ends;
    int64_t address; /* of the first byte of the beat's word in the scratchpad; may be negative */
    int first;       /* byte of the word */
    uint32_t word;   /* of main memory: its number */
    int64_t end;     /* last byte of the row, counted from the word */
} Row;

typedef struct {
    CommandQueue queue;
    Descriptor at;
    Row row;
    BeatQueue beats, requests, reads, whole, tags;
    int stored;            /* words of STOREs that were read */
    bool reading[2];       /* words on their way from the banks */
    int arrived, arriving; /* answers */
    bool room, valid, loads, ends;
    Beat answer;
    uint32_t writes; /* banks that the write at the scratchpad needs */
    int loading, pending;
    int64_t read_words, write_words;
} Transfers;

typedef struct {
    CommandQueue queue;
    bool active, may_request;
    int64_t left;
    uint32_t word; /* of main memory, that is asked for next */
    int outstanding;
} WeightsDma;

typedef struct {
    int units; /* of its lines: what is taken of each behind the first one */
    cycle there;
} Line;

/* Lines on their way from the ring to who takes them. */
typedef struct {
    Line lines[LINES];
    unsigned first, end;
    int reserved;
    bool valid;
    int left;
} LineQueue;

typedef struct {
    int64_t filled; /* beats */
    int64_t line, freed;
    bool active, parameters, stream, keep, paired, no_words;
    int lane, home_lane, end_lane;
    int64_t lines_left, block_words, tiles, tiles_left, blocks_left;
    unsigned reading_parameters; /* a bit for each of the last cycles */
    LineQueue words, sets;
} Ring;

typedef struct {
    int plane, held, waiting;
    cycle freed[PARAMETER_SETS];
    int leaving;
} ParameterSets;

/* A window command at work: what does not change. */
typedef struct {
    const int64_t *command;
    int mode, kernel_rows, kernel_cols, dilation_rows, run_words, words, word_bytes;
    int last_word_bytes;
    int64_t tile_pixels, rows, pixels, stride_rows, pad_top, input_rows, group, width;
    int64_t blocks, tiles, strips;
    int columns_per_pixel, beats, final_beats, slots;
    bool maximum;
} Window;

/* Reads slots of the column buffers ahead of the array. */
typedef struct {
    cycle starts;
    bool active, opens, go;
    int free, released;
    bool slot_free;
    int64_t reads, place; /* of the slot; the read at hand */
    int64_t block, strip, tile, kernel_row, word;
    int64_t strip_pixels, tile_first, tile_reads;
    bool exists;
    unsigned filled;
    cycle ready[SLOTS];
} Feeder;

typedef struct {
    bool active, last_run, have_slot;
    int64_t steps; /* left of the run */
    unsigned needed, base;
    int64_t block, strip, tile, kernel_row, word;
    int64_t strip_pixels;
    cycle drained; /* from then on the drain takes a tile */
} Steps;

typedef struct {
    const int64_t *command;
    cycle begin, end;
    int64_t block, strip, tile, channels;
    int beats;
} Tile;

typedef struct {
    enum { IDLE, START, STEPPING, READING, DRAINING } state;
    const int64_t *command;
    cycle started, completes;
    int64_t reads; /* of an ELEMENTWISE or TABLE; accesses of a MOVE; cycles of a SOFTMAX */
} Control;

typedef struct {
    bool marked, sending, full;
    int position, lane, beat, outstanding;
    uint32_t word; /* of main memory, for the next beat */
} Profile;

/* What is on the bus, and from where on; the chip's other masters. */
typedef struct {
    int client; /* 0: nothing; else its number + 1, with WRITES */
    uint32_t word;
} BusRequest;

/* The rest of the chip, where memory does not take an access each cycle. `cycle`: of the CPU
 * (iss_beside). `start`: cycles from reset to the pulse that starts the stream. */
typedef struct {
    void *core;
    int64_t (*cycle)(void *core, int64_t offset, int64_t writes);
    Memory *memory;
    int64_t start;
} Chip;

typedef struct {
    const int64_t *table;
    int64_t commands, bus_bytes, port_bytes, rows, lanes, ring_beats, line_beats, line_words;
    int bus_shift, port_shift, latency;
    uint32_t bank_bits;
    cycle now;
    /* The bus: a request at its register, one behind it, whose turn it is, and the CPU's requests
     * beside it. */
    BusRequest strobe, spare;
    bool npu_last;
    int turn, cpu_requests;
    const Chip *chip;
    bool cpu_awake;
    uint8_t answers[ANSWERS];
    int on_their_way; /* requests in memory */
    int64_t read_beats, write_beats;
    Fetch fetch;
    Sequencer sequencer;
    Transfers transfers;
    WeightsDma dma;
    Ring ring;
    ParameterSets parameters;
    Window window;
    Feeder feeder;
    Steps steps;
    Tile tiles[TILES];
    unsigned last_tile;
    Control control;
    Profile profile;
    int64_t causes[CAUSES];
    int64_t *marks;
    int64_t marked;
} Npu;

static inline uint32_t bank_mask(const Npu *n, int64_t address, int64_t size) {
    uint64_t first = (uint64_t)(address >> n->port_shift);
    uint64_t last = (uint64_t)((address + size - 1) >> n->port_shift);
    return 1u << (first & n->bank_bits) | 1u << (last & n->bank_bits);
}

/* Completions are counted modulo 2^16. */
static inline bool reached(int64_t completed, int64_t wait) {
    return (int16_t)(completed - wait) >= 0;
}

static inline const int64_t *command(const Npu *n, int64_t index) {
    return n->table + index * COLUMNS;
}

static inline const int64_t *next_command(const Npu *n, const CommandQueue *q) {
    return command(n, q->commands[0]);
}

static inline void take_command(CommandQueue *q) {
    q->count--;
    for (int i = 0; i < q->count; i++)
        q->commands[i] = q->commands[i + 1];
}

static inline int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static inline int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}
static inline int64_t quotient_up(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

#endif
