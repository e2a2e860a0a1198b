#include "cold.h"

#include "monitor.h"

#include <stdbool.h>

#include "cpu.h"
#include "frame.h"
#include "memory_test.h"
#include "pointer.h"

static struct frame request;

/* The reply to the last request that was executed, for a host that did not hear it. */
static struct {
    bool valid;
    uint8_t kind, sequence;
    uint32_t crc; /* the request's */
    const void *payload;
    uint32_t bytes;
} last;

static union {
    uint32_t word;
    struct tw_hello hello;
    struct tw_fault fault;
} answer;

static void repeat_reply(void) {
    frame_send(last.kind, last.sequence, last.payload, last.bytes);
}

static void reply_as(uint8_t kind, const void *payload, uint32_t bytes) {
    last.valid = true;
    last.kind = kind;
    last.sequence = request.sequence;
    last.crc = request.crc;
    last.payload = payload;
    last.bytes = bytes;
    repeat_reply();
}

static void reply(const void *payload, uint32_t bytes) {
    reply_as(request.kind | TW_REPLY, payload, bytes);
}

void monitor_answer(const struct tw_fault *fault) {
    if (fault->code == TW_FAULT_NONE) {
        reply(0, 0);
    } else {
        answer.fault = *fault;
        reply_as(TW_REPLY_ERROR, &answer.fault, sizeof answer.fault);
    }
}

static void hello(const struct monitor *monitor) {
    answer.hello = (struct tw_hello){
        .protocol = TW_MONITOR_VERSION,
        .stage = monitor->stage,
        .data_bytes = TW_DATA_BYTES,
        .writable = monitor->writable,
        .writable_end = monitor->writable_end,
        .self_test = monitor->self_test,
    };
    const volatile uint32_t *registers = &TW_SYSTEM->BOOT;
    for (uint32_t i = 0; i < sizeof answer.hello.system / sizeof(uint32_t); i++) {
        answer.hello.system[i] = registers[i];
    }
    reply(&answer.hello, sizeof answer.hello);
}

static bool within(uint32_t address, uint32_t bytes, uint32_t first, uint32_t end) {
    return address >= first && address <= end && bytes <= end - address;
}

static struct tw_fault fault_of(uint32_t code, uint32_t first, uint32_t second) {
    return (struct tw_fault){code, {first, second, 0}};
}

/* Why the whole request is not executed; TW_FAULT_NONE when it is. */
static struct tw_fault check(const struct monitor *monitor) {
    const uint32_t address = request.payload[0];
    uint32_t bytes = request.payload[1], length = 8;
    uint32_t first = monitor->writable, end = monitor->writable_end;
    switch (request.kind) {
    case TW_REQUEST_WRITE:
        length = request.length < 4 ? 4 : request.length;
        bytes = length - 4;
        break;
    case TW_REQUEST_READ:
    case TW_REQUEST_CHECK:
        first = TW_MEMORY_BASE;
        end = first + TW_SYSTEM->MEMORY_BYTES;
        break;
    case TW_REQUEST_TEST:
        break;
    case TW_REQUEST_START:
        length = 4;
        bytes = 4;
        break;
    default:
        length = 0;
    }
    const bool leaves = request.kind == TW_REQUEST_RUN || request.kind == TW_REQUEST_START;
    if (!request.kind || request.kind > TW_REQUEST_RESET ||
        (leaves && request.kind != monitor->leave)) {
        return fault_of(TW_FAULT_REQUEST, request.kind, 0);
    }
    if (request.length != length) {
        return fault_of(TW_FAULT_LENGTH, request.length, length);
    }
    if (request.kind == TW_REQUEST_READ && bytes > TW_DATA_BYTES) {
        return fault_of(TW_FAULT_LENGTH, bytes, TW_DATA_BYTES);
    }
    const bool aligned = request.kind != TW_REQUEST_TEST || !((address | bytes) & 3);
    if (length && !(aligned && within(address, bytes, first, end))) {
        return fault_of(TW_FAULT_RANGE, address, bytes);
    }
    return fault_of(TW_FAULT_NONE, 0, 0);
}

static void execute(const struct monitor *monitor) {
    const uint32_t *words = request.payload;
    struct tw_fault fault;
    switch (request.kind) {
    case TW_REQUEST_HELLO:
        hello(monitor);
        break;
    case TW_REQUEST_WRITE:
        __builtin_memcpy(at(words[0]), words + 1, (size_t)request.length - 4);
        reply(0, 0);
        break;
    case TW_REQUEST_READ:
        data_cache_invalidate();
        reply(at(words[0]), words[1]);
        break;
    case TW_REQUEST_CHECK:
        data_cache_invalidate();
        answer.word = crc_of(at(words[0]), words[1]);
        reply(&answer.word, sizeof answer.word);
        break;
    case TW_REQUEST_TEST:
        memory_test(words[0], words[1], &fault);
        monitor_answer(&fault);
        break;
    default:
        reply(0, 0);
        /* The last byte is on its way when the transmitter is ready again. */
        while (!(TW_UART->STATUS & TW_UART_STATUS_TX_READY_MASK)) {
        }
        finish(TW_EXIT_SUCCESS);
    }
}

uint32_t monitor_serve(const struct monitor *monitor) {
    for (;;) {
        struct tw_fault fault;
        frame_receive(&request, &fault);
        if (fault.code == TW_FAULT_NONE) {
            if (last.valid && last.crc == request.crc) {
                repeat_reply();
                continue;
            }
            fault = check(monitor);
        }
        if (fault.code != TW_FAULT_NONE) {
            frame_send(TW_REPLY_ERROR, request.sequence, &fault, sizeof fault);
        } else if (request.kind == monitor->leave) {
            /* What runs now finds the caches as after a reset. */
            data_cache_invalidate();
            code_cache_invalidate();
            return request.payload[0];
        } else {
            execute(monitor);
        }
    }
}
