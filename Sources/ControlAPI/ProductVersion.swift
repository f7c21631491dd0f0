/// The one home of the version that the three programs show and tell each other.
package enum ProductVersion {
    /// As `--version` prints it.
    package static let current = "0.1.0"
}
