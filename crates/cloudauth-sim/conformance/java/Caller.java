import com.aliyun.credentials.Client;
import com.aliyun.tea.TeaException;
import com.aliyun.tea.TeaModel;
import com.aliyun.teaopenapi.models.Config;
import com.aliyun.teaopenapi.models.OpenApiRequest;
import com.aliyun.teaopenapi.models.Params;
import com.aliyun.teautil.models.RuntimeOptions;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.ToNumberPolicy;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Makes the calls of `calls.py` with the vendor's Java packages: one JSON object per line, in and out. */
final class Caller {
    private static final Gson GSON =
            new GsonBuilder().setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE).create();

    public static void main(String[] args) throws Exception {
        // The packages log to stdout.
        PrintStream out = System.out;
        System.setOut(System.err);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.write((result(line) + "\n").getBytes("UTF-8"));
            out.flush();
        }
        System.exit(0);
    }

    @SuppressWarnings("unchecked")
    private static String result(String line) {
        Map<String, Object> call = GSON.fromJson(line, Map.class);
        Map<String, Object> result = new HashMap<>();
        try {
            if (call.containsKey("list")) {
                result.put("operations", typedOperations());
            } else if (call.containsKey("issue")) {
                result.put("credentials", credentials(call.get("issue")).getCredential());
            } else {
                result.put("body", call.containsKey("typed") ? typed(call) : generic(call));
            }
        } catch (InvocationTargetException error) {
            describe(error.getCause(), result);
        } catch (Exception error) { // every exception is a refusal
            describe(error, result);
        }
        return GSON.toJson(result);
    }

    private static void describe(Throwable error, Map<String, Object> result) {
        result.put("error", error.getClass().getSimpleName());
        result.put("message", String.valueOf(error.getMessage()));
        if (error instanceof TeaException) {
            TeaException refusal = (TeaException) error;
            result.put("code", refusal.getCode());
            result.put("status", refusal.getStatusCode());
            result.put("request_id", refusal.getData() == null ? null : refusal.getData().get("RequestId"));
        }
    }

    private static Object generic(Map<String, Object> call) throws Exception {
        OpenApiRequest request = OpenApiRequest.build(part(call, "request"));
        com.aliyun.teaopenapi.Client client = new com.aliyun.teaopenapi.Client(config(call));
        return client.callApi(Params.build(part(call, "params")), request, new RuntimeOptions()).get("body");
    }

    private static Object typed(Map<String, Object> call) throws Exception {
        Method method = Stream.of(com.aliyun.cloudauth20190307.Client.class.getMethods())
                .filter(one -> action(one).equals(call.get("typed")))
                .findAny()
                .get();
        Object request = method.getParameterTypes()[0].getConstructor().newInstance();
        TeaModel.toModel(part(call, "fields"), (TeaModel) request);
        Object client = new com.aliyun.cloudauth20190307.Client(config(call));
        Object response = method.invoke(client, request, new RuntimeOptions());
        return TeaModel.buildMap((TeaModel) response).get("body");
    }

    private static List<String> typedOperations() {
        return Stream.of(com.aliyun.cloudauth20190307.Client.class.getMethods())
                .map(Caller::action)
                .filter(action -> !action.isEmpty())
                .sorted()
                .collect(Collectors.toList());
    }

    /** The operation of a method; empty if it has none. */
    private static String action(Method method) {
        String name = method.getName();
        return name.endsWith("WithOptions")
                ? name.substring(0, 1).toUpperCase() + name.substring(1, name.length() - "WithOptions".length())
                : "";
    }

    private static Config config(Map<String, Object> call) throws Exception {
        Config config = Config.build(part(call, "config"));
        return call.containsKey("credentials")
                ? config.setCredential(credentials(call.get("credentials")))
                : config;
    }

    @SuppressWarnings("unchecked")
    private static Client credentials(Object of) {
        Map<String, Object> fields = new HashMap<>((Map<String, Object>) of);
        Object profile = fields.remove("profile");
        if (profile != null) {
            return new Client(com.aliyun.credentials.provider.CLIProfileCredentialsProvider.builder()
                    .profileName((String) profile)
                    .build());
        }
        return fields.isEmpty()
                ? new Client()
                : new Client(com.aliyun.credentials.models.Config.build(fields));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> part(Map<String, Object> call, String name) {
        return (Map<String, Object>) call.get(name);
    }
}
