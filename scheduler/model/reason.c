#include "scheduler/model/reason.h"

const char *const reason_texts[REASON_N] = {
#define X(name, text) text,
        REASONS(X)
#undef X
};

const char *const reason_names[REASON_N] = {
#define X(name, text) #name,
        REASONS(X)
#undef X
};
