/* A command stream on the accelerator, cycle by cycle: when each layer ends, and why.
 *
 * Follows the control of hw/npu register by register and leaves the data out. `replay` is called
 * by sim.model.replay; everything it knows of the design comes from there.
 */
#include "array.h"
#include "bus.h"
#include "commands.h"
#include "ring.h"
#include "state.h"
#include "transfers.h"

#include <stdlib.h>
#include <string.h>

static void set_up(Npu *n, const int64_t *settings, const int64_t *table, const Chip *chip,
                   int64_t *marks) {
    memset(n, 0, sizeof *n);
    n->table = table;
    n->marks = marks;
    n->bus_bytes = settings[S_BUS_BYTES];
    n->port_bytes = settings[S_PORT_BYTES];
    n->rows = settings[S_ROWS];
    n->lanes = settings[S_REQUANTISER_LANES];
    n->ring_beats = settings[S_RING_BEATS];
    n->line_beats = settings[S_LINE_BEATS];
    n->line_words = settings[S_LINE_WORDS];
    n->latency = (int)settings[S_MEMORY_LATENCY];
    n->bank_bits = (uint32_t)settings[S_BANKS] - 1;
    while (1 << n->port_shift < n->port_bytes)
        n->port_shift++;
    while (1 << n->bus_shift < n->bus_bytes)
        n->bus_shift++;
    n->cpu_requests = (int)settings[S_CPU_REQUESTS];
    n->turn = (int)settings[S_TURN];
    n->chip = chip;
    n->cpu_awake = chip != NULL;
    n->profile.word = (uint32_t)(settings[S_PROFILE_ADDRESS] >> n->bus_shift);
    n->fetch.address = (uint32_t)(settings[S_COMMAND_ADDRESS] >> n->bus_shift);
    n->fetch.enabled = true;
    n->fetch.lanes = (int)(n->bus_bytes / 4);
    n->fetch.depth = (int)(FETCH_BYTES / n->bus_bytes);
    n->fetch.room = settings[S_READ_AHEAD] < n->fetch.depth - 1;
    n->sequencer.words_left = (int)table[F_LENGTH];
    n->transfers.room = true;
    n->dma.may_request = true;
    for (int i = 0; i < TILES; i++)
        n->tiles[i].begin = n->tiles[i].end = -1;
}

/* A record of the counters before this cycle. */
static void mark(Npu *n) {
    int64_t *record = n->marks + n->marked++ * MARK_VALUES;
    record[M_LAYER] = n->control.command[F_LAYER];
    record[M_TIME] = n->now;
    for (int i = 0; i < CAUSES; i++)
        record[M_CAUSES + i] = n->causes[i];
    record[M_READ_WORDS] = n->transfers.read_words;
    record[M_WRITE_WORDS] = n->transfers.write_words;
    record[M_READ_BEATS] = n->read_beats;
    record[M_WRITE_BEATS] = n->write_beats;
}

static void complete(Npu *n) {
    n->sequencer.computes++;
    n->sequencer.at_work--;
    n->control.state = IDLE;
}

/* The cycle in which a command starts. */
static void start(Npu *n) {
    Control *control = &n->control;
    const int64_t *c = control->command;
    control->started = n->now;
    switch (c[F_OPCODE]) {
    case OPCODE_MARK:
        break;
    case OPCODE_ELEMENTWISE:
        control->state = READING;
        control->reads = pixel_reads(n, c) * c[F_OUTPUT_COLS] * c[F_OUTPUT_ROWS];
        control->completes = n->now + control->reads + OPERAND_CYCLES + REQUANTISER_LATENCY + 1;
        control->completes += in_table(c) + WRITE_MARGIN;
        break;
    case OPCODE_TABLE:
        control->state = READING;
        control->reads = c[F_WORDS];
        control->completes = n->now + control->reads + TABLE_CYCLES + WRITE_MARGIN;
        break;
    case OPCODE_SOFTMAX:
        control->state = READING;
        control->reads = softmax_cycles(n, c);
        control->completes = n->now + control->reads + SOFTMAX_LATENCY + REQUANTISER_LATENCY + 1;
        control->completes += WRITE_MARGIN;
        break;
    case OPCODE_MOVE:
        control->state = READING;
        control->reads = move_accesses(n, c);
        control->completes = n->now + control->reads + MOVE_CYCLES + WRITE_MARGIN;
        break;
    case OPCODE_LSTM:
        control->state = READING;
        control->reads = c[F_UNITS] * LSTM_UNIT_CYCLES;
        control->completes = n->now + control->reads + LSTM_CYCLES + WRITE_MARGIN;
        break;
    default:
        control->state = STEPPING;
        start_window(n);
    }
}

/* A cycle of the compute side; returns whether the array takes a unit of weights. */
static inline bool control_tick(Npu *n, bool taken, bool blocked, bool marks) {
    Control *control = &n->control;
    bool weights = false;
    switch (control->state) {
    case IDLE:
        n->causes[blocked ? CAUSE_TRANSFER : CAUSE_COMMAND]++;
        if (taken) {
            control->state = START;
            control->command = command(n, n->sequencer.head);
        }
        break;
    case START:
        n->causes[CAUSE_COMMAND]++;
        start(n);
        if (marks) {
            n->profile.marked = true;
            complete(n);
        }
        break;
    case STEPPING:
        if (n->now == control->started + 1) {
            n->causes[CAUSE_COMMAND]++;
            break;
        }
        weights = array_tick(n);
        if (!n->steps.active)
            control->state = DRAINING;
        break;
    case READING:
        n->causes[n->now - control->started <= control->reads ? CAUSE_BUSY : CAUSE_DRAIN]++;
        if (n->now == control->completes)
            complete(n);
        break;
    case DRAINING:
        n->causes[CAUSE_DRAIN]++;
        if (n->now == control->completes)
            complete(n);
    }
    return weights;
}

/* Feeder, array and weight ring; the feeder has decided on its read. */
static inline void compute_tick(Npu *n, bool taken, bool blocked, bool marks) {
    if (n->feeder.active)
        feeder_tick(n);
    bool weights = control_tick(n, taken, blocked, marks);
    if (ring_at_work(n) && n->control.started != n->now)
        ring_tick(n, weights);
}

/* Nothing moves but what the command at work moves. */
static bool memory_side_waits(const Npu *n) {
    const Profile *p = &n->profile;
    return !n->on_their_way && !n->strobe.client && !n->cpu_requests && !n->cpu_awake && !p->full &&
           !p->sending && !p->marked && weights_wait(n) && commands_wait(n) && transfers_wait(n);
}

/* As `tick`, cycle after cycle, while the memory side waits. */
static void step_alone(Npu *n) {
    int64_t freed = n->ring.freed;
    while (n->control.state == STEPPING && (n->ring.freed == freed || !n->dma.active)) {
        if (n->feeder.active)
            feeder_decides(n);
        compute_tick(n, false, false, false);
        n->now++;
    }
}

/* Nothing is at work that END waits for. */
static bool quiet(const Npu *n) {
    const Profile *p = &n->profile;
    const WeightsDma *d = &n->dma;
    return n->sequencer.finishing && !n->sequencer.queued && !n->sequencer.at_work &&
           n->control.state == IDLE && !p->sending && !p->marked && !p->full && !p->lane &&
           !p->outstanding && !n->transfers.pending && !d->active && !d->queue.count &&
           !d->outstanding && !n->fetch.enabled && !n->fetch.outstanding;
}

static inline void tick(Npu *n) {
    Sequencer *s = &n->sequencer;
    Control *control = &n->control;
    Profile *p = &n->profile;
    /* What the registers say. */
    bool blocked = s->queued && !reached(s->transfers, command(n, s->head)[F_WAIT]);
    bool taken = control->state == IDLE && s->queued && !blocked;
    bool marks = control->state == START && control->command[F_OPCODE] == OPCODE_MARK &&
                 !p->sending && !p->marked;
    bool ready = s->enabled && !s->decoded, word = n->fetch.word && ready;
    Rooms room = {n->dma.queue.count < QUEUE, n->transfers.queue.count < QUEUE};
    int64_t ring = ring_room(n);
    if (marks)
        mark(n);

    int answered = n->answers[n->now % ANSWERS];
    n->answers[n->now % ANSWERS] = 0;
    if (answered) {
        *(answered & WRITES ? &n->write_beats : &n->read_beats) += 1;
        n->on_their_way--;
    }
    answered = (answered & ~WRITES) - 1;
    bool waits = bus_tick(n);
    int granted = granted_client(n);
    request(n, granted, waits);

    if (p->full || p->sending || p->outstanding || p->marked)
        profile_tick(n, granted == RECORD, answered == RECORD);
    if (n->feeder.active)
        feeder_decides(n);
    if (granted == TRANSFERS || answered == TRANSFERS || !transfers_wait(n))
        transfers_tick(n, granted == TRANSFERS, answered == TRANSFERS);
    compute_tick(n, taken, blocked, marks);
    dma_tick(n, ring, granted == WEIGHTS, answered == WEIGHTS);
    fetch_tick(n, ready, granted == FETCH, answered == FETCH);
    sequencer_tick(n, word, taken, room);
}

/* Replays a stream. `settings`: SETTINGS values; `table`: COLUMNS values for each command; `marks`:
 * room for MARK_VALUES values for each MARK; `chip`: the rest of it, or NULL where memory takes an
 * access each cycle and answers after its latency. `left` gets LEFT values for the next stream.
 * Returns the cycle in which the interrupt is raised, or -1 if that is later than `limit`.
 */
int64_t replay(const int64_t *settings, const int64_t *table, const Chip *chip, int64_t limit,
               int64_t *marks, int64_t *left) {
    Npu *n = malloc(sizeof *n);
    if (!n)
        return -1;
    set_up(n, settings, table, chip, marks);
    n->now = 1;
    while (n->now <= limit && !quiet(n)) {
        if (n->control.state == STEPPING && memory_side_waits(n)) {
            step_alone(n);
        } else {
            tick(n);
            n->now++;
        }
    }
    cycle done = n->now <= limit ? n->now + 1 : -1;
    left[L_TURN] = n->turn;
    left[L_READ_AHEAD] = n->fetch.reserved;
    free(n);
    return done;
}
