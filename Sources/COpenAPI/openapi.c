#include "openapi.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char text[] = {
#embed "openapi.json"
};

const unsigned char *openapi_text(void) { return text; }

size_t openapi_size(void) { return sizeof text; }
