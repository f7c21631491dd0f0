/// `{}`.
package struct EmptyResponse: Codable, Hashable, Sendable {
    package init() {}
}
