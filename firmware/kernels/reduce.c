#include <stdbool.h>
#include <stddef.h>

#include "fixed_point.h"
#include "kernels.h"
#include "pointer.h"

#define AXES 3
#define AT_ONCE 4

struct loops {
    int32_t extent[AXES]; /* the first is the innermost */
    int32_t pitch[AXES];
};

struct view {
    const void *input;
    void *output;
    struct loops kept, reduced;
};

typedef int32_t (*fold_function)(int32_t so_far, int32_t element);
typedef int32_t (*finish_function)(const void *parameters, int32_t result);

static inline int32_t load(const void *data, int32_t index, bool wide) {
    return wide ? ((const int16_t *)data)[index] : ((const int8_t *)data)[index];
}

static inline void store(void *data, int32_t index, bool wide, int32_t value) {
    if (wide) {
        ((int16_t *)data)[index] = (int16_t)value;
    } else {
        ((int8_t *)data)[index] = (int8_t)value;
    }
}

/* `count` neighbours at once: their elements lie in one line of the cache. */
static inline void fold(const struct view *v, int32_t index, bool wide, fold_function function,
                        int32_t *results, int32_t count) {
    const struct loops *r = &v->reduced;
    const int32_t extent = r->extent[0], pitch = r->pitch[0];
    for (int32_t i = 0; i < r->extent[2]; i++, index += r->pitch[2]) {
        int32_t row = index;
        for (int32_t j = 0; j < r->extent[1]; j++, row += r->pitch[1]) {
            int32_t place = row;
            for (int32_t k = 0; k < extent; k++, place += pitch) {
                for (int32_t n = 0; n < count; n++) {
                    results[n] = function(results[n], load(v->input, place + n, wide));
                }
            }
        }
    }
}

/* The outputs lie one behind the other, in the order of the kept loops. */
static inline void reduce(const struct view *v, bool wide, int32_t start, fold_function function,
                          finish_function finish, const void *parameters) {
    const struct loops *kept = &v->kept;
    int32_t written = 0, index = 0;
    for (int32_t i = 0; i < kept->extent[2]; i++, index += kept->pitch[2]) {
        int32_t row = index;
        for (int32_t j = 0; j < kept->extent[1]; j++, row += kept->pitch[1]) {
            int32_t count;
            for (int32_t k = 0; k < kept->extent[0]; k += count) {
                int32_t results[AT_ONCE] = {start, start, start, start};
                const int32_t place = row + k * kept->pitch[0];
                count = kept->pitch[0] == 1 && k + AT_ONCE <= kept->extent[0] ? AT_ONCE : 1;
                if (count == 1) {
                    fold(v, place, wide, function, results, 1);
                } else {
                    fold(v, place, wide, function, results, AT_ONCE);
                }
                for (int32_t n = 0; n < count; n++) {
                    store(v->output, written++, wide, finish(parameters, results[n]));
                }
            }
        }
    }
}

static int32_t add_element(int32_t so_far, int32_t element) {
    return so_far + element;
}

static int32_t larger(int32_t so_far, int32_t element) {
    return element > so_far ? element : so_far;
}

static int32_t smaller(int32_t so_far, int32_t element) {
    return element < so_far ? element : so_far;
}

static int32_t rescaled(const void *parameters, int32_t sum) {
    const struct tw_step_reduce_sum *s = parameters;
    const int32_t value = rescale(sum, s->multiplier, s->shift) + s->output_zero_point;
    return value < s->clamp_low ? s->clamp_low : value > s->clamp_high ? s->clamp_high : value;
}

static int32_t unchanged(const void *parameters, int32_t result) {
    (void)parameters;
    return result;
}

/* What both steps begin with. */
struct head {
    uint32_t input, output;
    int32_t element_bytes;
    struct loops kept, reduced;
};

_Static_assert(sizeof(struct head) == offsetof(struct tw_step_reduce_sum, multiplier),
               "REDUCE_SUM");
_Static_assert(sizeof(struct head) == offsetof(struct tw_step_reduce_max, flip), "REDUCE_MAX");

/* Returns the bytes of an element. */
static int32_t read_view(const void *step, struct view *v) {
    struct head head;
    __builtin_memcpy(&head, step, sizeof head);
    v->input = at(head.input);
    v->output = at(head.output);
    v->kept = head.kept;
    v->reduced = head.reduced;
    return head.element_bytes;
}

void reduce_sum(const struct tw_step_reduce_sum *s) {
    struct view v;
    const bool wide = read_view(s, &v) != 1;
    int32_t start = -s->input_zero_point;
    for (int32_t axis = 0; axis < AXES; axis++) {
        start *= v.reduced.extent[axis];
    }
    if (wide) {
        reduce(&v, true, start, add_element, rescaled, s);
    } else {
        reduce(&v, false, start, add_element, rescaled, s);
    }
}

void reduce_max(const struct tw_step_reduce_max *s) {
    struct view v;
    const bool wide = read_view(s, &v) != 1;
    if (wide) {
        reduce(&v, true, s->flip ? INT16_MAX : INT16_MIN, s->flip ? smaller : larger, unchanged, s);
    } else {
        reduce(&v, false, s->flip ? INT8_MAX : INT8_MIN, s->flip ? smaller : larger, unchanged, s);
    }
}
