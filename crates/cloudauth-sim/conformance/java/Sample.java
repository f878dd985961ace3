import com.aliyun.cloudauth20190307.Client;
import com.aliyun.cloudauth20190307.models.DescribeFaceVerifyRequest;
import com.aliyun.cloudauth20190307.models.DescribeFaceVerifyResponse;
import com.aliyun.cloudauth20190307.models.InitFaceVerifyRequest;
import com.aliyun.cloudauth20190307.models.InitFaceVerifyResponse;
import com.aliyun.teaopenapi.models.Config;
import com.aliyun.teautil.models.RuntimeOptions;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Does what the sample of the vendor's H5 document does: both calls, Shanghai and then Beijing, with the
 * default credentials and time-outs of 10 s. Takes a certify ID, and prints what came of each call as one
 * line of JSON. A response has an ID or a verdict, or the call has failed.
 */
final class Sample {
    private static final String[] ENDPOINTS = {
        "cloudauth.cn-shanghai.aliyuncs.com", "cloudauth.cn-beijing.aliyuncs.com"
    };

    /** A call of one endpoint; null for code 500. */
    private interface Call {
        String of(Client client, RuntimeOptions runtime) throws Exception;
    }

    public static void main(String[] args) {
        print("InitFaceVerify", Sample::init);
        print("DescribeFaceVerify", (client, runtime) -> describe(client, runtime, args[0]));
        System.exit(0);
    }

    private static String init(Client client, RuntimeOptions runtime) throws Exception {
        InitFaceVerifyRequest request = new InitFaceVerifyRequest()
                .setSceneId(1000000006L)
                .setOuterOrderNo("order1")
                .setProductCode("LR_FR")
                .setMetaInfo("{}")
                .setUserId("7");
        InitFaceVerifyResponse response = client.initFaceVerifyWithOptions(request, runtime);
        return "500".equals(response.body.code) ? null : response.body.resultObject.certifyId;
    }

    private static String describe(Client client, RuntimeOptions runtime, String id) throws Exception {
        DescribeFaceVerifyRequest request =
                new DescribeFaceVerifyRequest().setSceneId(1000000006L).setCertifyId(id);
        DescribeFaceVerifyResponse response = client.describeFaceVerifyWithOptions(request, runtime);
        return "500".equals(response.body.code) ? null : response.body.resultObject.subCode;
    }

    private static void print(String action, Call call) {
        long started = System.nanoTime();
        boolean survived = withFailover(call) != null;
        double seconds = (System.nanoTime() - started) / 1e9;
        System.out.printf("{\"action\": \"%s\", \"survived\": %s, \"seconds\": %f}%n", action, survived, seconds);
    }

    /** Goes on to the next endpoint after any exception and after code 500. */
    private static String withFailover(Call call) {
        for (String endpoint : ENDPOINTS) {
            try {
                RuntimeOptions runtime = new RuntimeOptions().setConnectTimeout(10000).setReadTimeout(10000);
                String result = call.of(client(endpoint), runtime);
                if (result != null) {
                    return result;
                }
            } catch (Exception error) { // as in the sample, which goes on after any of them
                System.err.println(endpoint + ": " + error);
            }
        }
        return null;
    }

    private static Client client(String endpoint) throws Exception {
        return new Client(new Config()
                .setCredential(new com.aliyun.credentials.Client())
                .setEndpoint(endpoint)
                .setHttpsProxy(System.getenv("HTTPS_PROXY"))
                .setCa(Files.readString(Path.of(System.getenv("SSL_CERT_FILE")))));
    }
}
