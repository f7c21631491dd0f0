internal import COpenAPI

/// What `GET /v1/openapi` answers: `Sources/COpenAPI/openapi.json`, as it is. `DescriptionTests` keep it true.
enum APIDescription {
    /// OpenAPI 3.1.
    static let json = Array(UnsafeBufferPointer(start: openapi_text(), count: openapi_size()))
}
