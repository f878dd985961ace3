import com.aliyun.credentials.Client;
import com.aliyun.credentials.models.CredentialModel;
import java.net.URI;

/** Prints the identity that the vendor's Java package finds, as one line of JSON. */
final class Identity {
    public static void main(String[] args) {
        // Java knows no variables for proxies.
        for (String scheme : new String[] {"http", "https"}) {
            String proxy = System.getenv(scheme + "_proxy");
            if (proxy != null) {
                System.setProperty(scheme + ".proxyHost", URI.create(proxy).getHost());
                System.setProperty(scheme + ".proxyPort", String.valueOf(URI.create(proxy).getPort()));
            }
        }
        try {
            CredentialModel found = new Client().getCredential();
            String id = found.getAccessKeyId();
            System.out.printf("{\"id\": \"%s\"}%n", id == null ? found.getType() : id.replace("\"", "'"));
        } catch (Exception error) { // every exception is a refusal
            System.out.printf("{\"error\": \"%s\"}%n", error.getClass().getSimpleName());
        }
        System.exit(0);
    }
}
