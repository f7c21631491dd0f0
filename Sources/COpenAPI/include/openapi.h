// The description of the control API, as the hub serves it.
#pragma once

#include <stddef.h>

/// OpenAPI 3.1, JSON, not ended by a NUL.
const unsigned char *_Nonnull openapi_text(void);
/// Its bytes.
size_t openapi_size(void);
