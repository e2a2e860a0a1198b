#include "cold.h"

#include "monitor.h"

#include <stdbool.h>

#include "cpu.h"
#include "frame.h"
#include "pointer.h"

static struct frame request;

/* The reply to the last request that was executed, for a host that did not hear it. */
static struct {
    uint32_t crc; /* the request's */
    uint32_t kind;
    const void *payload;
    uint32_t bytes;
} last;

/* What `last.payload` points to, if not to the memory that was read. */
static union {
    uint32_t crc;
    struct tw_hello hello;
    struct tw_fault fault;
} answer;

static void send_last(void) {
    frame_send((uint8_t)last.kind, request.sequence, last.payload, last.bytes);
}

static void reply_with(const void *payload, uint32_t bytes) {
    last.payload = payload;
    last.bytes = bytes;
}

static void refuse(uint32_t code, uint32_t first, uint32_t second) {
    answer.fault.code = code;
    answer.fault.details[0] = first;
    answer.fault.details[1] = second;
    last.kind = TW_REPLY_ERROR;
    reply_with(&answer.fault, sizeof answer.fault);
}

void monitor_answer(const struct tw_fault *fault) {
    if (fault->code != TW_FAULT_NONE) {
        refuse(fault->code, fault->details[0], fault->details[1]);
        answer.fault.details[2] = fault->details[2];
    }
    send_last();
}

static void hello(const struct monitor *monitor) {
    answer.hello.protocol = TW_MONITOR_VERSION;
    answer.hello.stage = monitor->stage;
    answer.hello.data_bytes = TW_DATA_BYTES;
    answer.hello.writable = monitor->writable;
    answer.hello.writable_end = monitor->writable_end;
    answer.hello.self_test = monitor->self_test;
    const volatile uint32_t *registers = &TW_SYSTEM->BOOT;
    for (uint32_t i = 0; i < sizeof answer.hello.system / sizeof(uint32_t); i++) {
        answer.hello.system[i] = registers[i];
    }
    reply_with(&answer.hello, sizeof answer.hello);
}

/* Whether the whole request may be executed at this stage; else it is refused. */
static bool allowed(const struct monitor *monitor) {
    static const uint8_t LENGTHS[] = {
        [TW_REQUEST_READ] = 8,  [TW_REQUEST_CHECK] = 8, [TW_REQUEST_TEST] = 8,
        [TW_REQUEST_START] = 4, [TW_REQUEST_RESET] = 0,
    };
    const uint32_t kind = request.kind, length = request.length, address = request.payload[0];
    const bool leaves = kind == TW_REQUEST_RUN || kind == TW_REQUEST_START;
    if (kind - 1 >= TW_REQUEST_RESET || (leaves && kind != monitor->leave) ||
        (kind == TW_REQUEST_TEST && !monitor->test) ||
        (kind == TW_REQUEST_CHECK && !monitor->check)) {
        refuse(TW_FAULT_REQUEST, kind, 0);
        return false;
    }
    uint32_t wanted = LENGTHS[kind], bytes = wanted == 8 ? request.payload[1] : 0;
    if (kind == TW_REQUEST_WRITE) {
        wanted = length < 4 ? 4 : length;
        bytes = length - 4;
    }
    if (length != wanted || (kind == TW_REQUEST_READ && bytes > TW_DATA_BYTES)) {
        refuse(TW_FAULT_LENGTH, length, wanted);
        return false;
    }
    uint32_t first = monitor->writable, end = monitor->writable_end;
    if (kind == TW_REQUEST_READ || kind == TW_REQUEST_CHECK) {
        first = TW_MEMORY_BASE;
        end = first + TW_SYSTEM->MEMORY_BYTES;
    }
    const bool aligned = kind != TW_REQUEST_TEST || !((address | bytes) & 3);
    if (wanted && !(aligned && address - first <= end - first && bytes <= end - address)) {
        refuse(TW_FAULT_RANGE, address, bytes);
        return false;
    }
    return true;
}

static void execute(const struct monitor *monitor) {
    const uint32_t *words = request.payload;
    uint8_t *memory = at(words[0]);
    data_cache_invalidate();
    switch (request.kind) {
    case TW_REQUEST_HELLO:
        hello(monitor);
        break;
    case TW_REQUEST_WRITE:
        for (uint32_t i = 0; i < request.length - 4u; i++) {
            memory[i] = ((const uint8_t *)(words + 1))[i];
        }
        break;
    case TW_REQUEST_READ:
        reply_with(memory, words[1]);
        break;
    case TW_REQUEST_CHECK:
        answer.crc = monitor->check(memory, words[1]);
        reply_with(&answer.crc, sizeof answer.crc);
        break;
    case TW_REQUEST_TEST:
        monitor->test(words[0], words[1], &answer.fault);
        if (answer.fault.code != TW_FAULT_NONE) {
            last.kind = TW_REPLY_ERROR;
            reply_with(&answer.fault, sizeof answer.fault);
        }
    }
}

uint32_t monitor_serve(const struct monitor *monitor) {
    for (;;) {
        struct tw_fault fault;
        frame_receive(&request, &fault);
        if (fault.code != TW_FAULT_NONE) {
            frame_send(TW_REPLY_ERROR, request.sequence, &fault, sizeof fault);
            continue;
        }
        if (request.crc != last.crc) {
            last.crc = request.crc;
            last.kind = request.kind | TW_REPLY;
            reply_with(0, 0);
            if (allowed(monitor)) {
                if (request.kind == monitor->leave) {
                    if (request.kind == TW_REQUEST_START) {
                        send_last();
                    }
                    return request.payload[0];
                }
                execute(monitor);
            }
        }
        send_last();
        if (last.kind == (TW_REQUEST_RESET | TW_REPLY)) {
            /* A transmitter that is ready has sent all. */
            while (!(TW_UART->STATUS & TW_UART_STATUS_TX_READY_MASK)) {
            }
            finish(TW_EXIT_SUCCESS);
        }
    }
}
