/* Main memory and the weight memory behind one bus: in which cycle a request is taken, and in which
 * it is answered. The twin of hw/soc/memory_device.sv and main_memory.sv, without data; the CPU's
 * simulator and the accelerator's replay share one. Cycles count from reset, as the timer does.
 *
 * What a device does by itself while nobody asks is worked out when somebody does.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Places in the settings of a memory (`sim.model.memory.settings`). */
enum {
    MEMORY_LATENCY,
    MEMORY_WORD_CYCLES,
    MEMORY_PAGE_BYTES,
    MEMORY_BANKS,
    MEMORY_MISS_CYCLES,
    MEMORY_WRITE_CYCLES,
    MEMORY_REFRESH_PERIOD,
    MEMORY_REFRESH_CYCLES,
    MEMORY_CONTENTION,
    DEVICE_SETTINGS,
};
enum { DEVICES = 2, MEMORY_SETTINGS = 3 + DEVICES * DEVICE_SETTINGS };

enum { BURST_BITS = 4, MOST_BANKS = 16 };
enum { OPENS, REFRESHES };
enum { ALONE = -1 }; /* in place of an answer: nobody else asks any more */

#define NEVER_DUE INT64_MAX
#define NOT_OPEN (-1)

typedef struct {
    const int64_t *timing;
    int64_t known; /* it is known what the device did before this cycle */
    int64_t free, refresh_at, burst_at;
    int64_t pages[MOST_BANKS]; /* that are open */
    bool opened, bursting, burst_writes;
    int64_t burst_offset;
} Device;

typedef struct {
    int64_t settings[MEMORY_SETTINGS];
    int64_t bus_bytes, constants, constants_end;
    Device devices[DEVICES];
    int64_t last;    /* answer */
    int64_t *events; /* cycle, device and event of each, as `note_event` packs them */
    int64_t event_count, event_room;
} Memory;

/* The first cycle behind `now` in which another master's burst is due. */
static inline int64_t next_burst(const Device *d, int64_t now) {
    uint32_t share = (uint32_t)d->timing[MEMORY_CONTENTION] << 16;
    if (!share)
        return NEVER_DUE;
    uint32_t stretch = (uint32_t)(now >> BURST_BITS) + 1;
    while (100 * (stretch * 0x9e3779b1u >> 16) >= share)
        stretch++;
    return (int64_t)stretch << BURST_BITS;
}

static inline int64_t next_refresh(const Device *d, int64_t now) {
    int64_t period = d->timing[MEMORY_REFRESH_PERIOD];
    return period ? (now / period + 1) * period : NEVER_DUE;
}

static inline void begin_memory(Memory *m, const int64_t *settings) {
    *m = (Memory){.bus_bytes = settings[0], .constants = settings[1], .constants_end = settings[2]};
    for (int i = 0; i < MEMORY_SETTINGS; i++)
        m->settings[i] = settings[i];
    for (int i = 0; i < DEVICES; i++) {
        Device *d = &m->devices[i];
        d->timing = m->settings + 3 + i * DEVICE_SETTINGS;
        d->refresh_at = next_refresh(d, 0);
        d->burst_at = next_burst(d, 0);
        for (int bank = 0; bank < MOST_BANKS; bank++)
            d->pages[bank] = NOT_OPEN;
    }
}

static inline void end_memory(Memory *m) {
    free(m->events);
}

static inline void note_event(Memory *m, const Device *d, int event, int64_t at) {
    if (m->event_count == m->event_room) {
        m->event_room = m->event_room ? 2 * m->event_room : 1024;
        m->events = realloc(m->events, (size_t)m->event_room * sizeof *m->events);
        if (!m->events)
            abort();
    }
    m->events[m->event_count++] = at << 2 | (d - m->devices) << 1 | event;
}

/* A refresh or another master's burst begins. */
static inline void give_way(Memory *m, Device *d, int64_t at) {
    d->opened = d->bursting = false;
    if (d->refresh_at <= at) {
        d->free = at + d->timing[MEMORY_REFRESH_CYCLES];
        for (int bank = 0; bank < MOST_BANKS; bank++)
            d->pages[bank] = NOT_OPEN;
        d->refresh_at = next_refresh(d, at);
        note_event(m, d, REFRESHES, at);
    } else {
        d->free = at + (1 << BURST_BITS);
        d->pages[at >> BURST_BITS & (d->timing[MEMORY_BANKS] - 1)] = NOT_OPEN;
        d->burst_at = next_burst(d, at);
    }
}

static inline int64_t next_due(const Device *d) {
    return d->refresh_at < d->burst_at ? d->refresh_at : d->burst_at;
}

/* What the device did before `now`, in cycles in which nobody asked. */
static inline void catch_up(Memory *m, Device *d, int64_t now) {
    for (;;) {
        int64_t at = d->known > d->free ? d->known : d->free;
        int64_t due = next_due(d);
        if (due > at)
            at = due;
        if (at >= now)
            break;
        give_way(m, d, at);
        d->known = at + 1;
    }
    d->known = now;
}

static inline bool is_hit(const Device *d, int64_t page, int64_t offset, bool writes) {
    if (!d->timing[MEMORY_MISS_CYCLES])
        return true;
    if (d->timing[MEMORY_PAGE_BYTES])
        return d->pages[page & (d->timing[MEMORY_BANKS] - 1)] == page;
    return d->bursting && d->burst_writes == writes && d->burst_offset == offset;
}

/* Whether a device takes a request in this cycle; asked for in each cycle in which there is one. */
static inline bool device_takes(Memory *m, Device *d, int64_t now, int64_t offset, bool writes) {
    const int64_t *timing = d->timing;
    catch_up(m, d, now);
    d->known = now + 1;
    if (now < d->free)
        return false;
    int64_t page = timing[MEMORY_PAGE_BYTES] ? offset / timing[MEMORY_PAGE_BYTES] : offset;
    bool hit = is_hit(d, page, offset, writes), due = next_due(d) <= now;
    if (hit && (d->opened || !due)) {
        d->free = now + timing[MEMORY_WORD_CYCLES] + (writes ? timing[MEMORY_WRITE_CYCLES] : 0);
        d->opened = false;
        d->bursting = true;
        d->burst_writes = writes;
        d->burst_offset = offset + m->bus_bytes;
        return true;
    }
    if (due) {
        give_way(m, d, now);
        return false;
    }
    d->free = now + timing[MEMORY_MISS_CYCLES];
    d->pages[page & (timing[MEMORY_BANKS] - 1)] = page;
    d->opened = d->bursting = true;
    d->burst_writes = writes;
    d->burst_offset = offset;
    note_event(m, d, OPENS, now);
    return false;
}

/* How many events there were before the cycle `now`, and all of them. */
static inline int64_t memory_events(Memory *m, int64_t now, const int64_t **events) {
    for (int i = 0; i < DEVICES; i++)
        catch_up(m, &m->devices[i], now);
    *events = m->events;
    return m->event_count;
}

/* The cycle in which a request of the cycle `now` is answered; 0 where it is not taken. `offset`:
 * bytes from main memory's start. */
static inline int64_t memory_answer(Memory *m, int64_t now, int64_t offset, bool writes) {
    offset = (uint32_t)offset & ~(uint32_t)(m->bus_bytes - 1);
    bool constant = offset >= m->constants && offset < m->constants_end;
    Device *d = &m->devices[constant];
    if (!device_takes(m, d, now, offset, writes))
        return 0;
    int64_t answer = now + d->timing[MEMORY_LATENCY] + d->timing[MEMORY_WORD_CYCLES] - 1;
    m->last = answer > m->last ? answer : m->last + 1;
    return m->last;
}

#endif
