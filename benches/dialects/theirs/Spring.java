// Measures how long Spring's own parts take to find and read each session.

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.springframework.data.redis.serializer.JdkSerializationRedisSerializer;

public class Spring {
    public static void main(String[] arguments) throws Exception {
        JsonNode vectors = new ObjectMapper().readTree(Files.readAllBytes(Path.of(arguments[0]))).get("vectors");
        JdkSerializationRedisSerializer jdk = new JdkSerializationRedisSerializer();
        for (JsonNode vector : vectors) {
            if (!vector.path("config").path("serializer").asText().equals("jdk") || !vector.has("redis")) {
                continue;
            }
            String cookie = vector.get("cookie").get("value").asText();
            Map<String, byte[]> fields = new HashMap<>();
            for (JsonNode entry : vector.get("redis")) {
                if (entry.get("type").asText().equals("hash")) {
                    entry.get("fields").fields()
                        .forEachRemaining(f -> fields.put(f.getKey(), Base64.getDecoder().decode(f.getValue().asText())));
                }
            }
            Runnable read = () -> {
                new String(Base64.getDecoder().decode(cookie));
                Map<String, Object> hash = new HashMap<>();
                fields.forEach((name, bytes) -> hash.put(name, jdk.deserialize(bytes)));
            };
            try {
                read.run();
            } catch (RuntimeException missing) {
                // A class of an application that is not here.
                continue;
            }
            System.out.println(vector.get("id").asText() + "\t" + median(read));
        }
    }

    private static double median(Runnable run) {
        // As long as the compiler needs.
        long warm = System.nanoTime() + 300_000_000L;
        while (System.nanoTime() < warm) {
            run.run();
        }
        int calls = 1;
        while (timed(run, calls) * calls < 2e6) {
            calls *= 2;
        }
        double[] rounds = new double[40];
        for (int i = 0; i < rounds.length; i++) {
            rounds[i] = timed(run, calls);
        }
        Arrays.sort(rounds);
        return rounds[20];
    }

    private static double timed(Runnable run, int calls) {
        long start = System.nanoTime();
        for (int i = 0; i < calls; i++) {
            run.run();
        }
        return (double) (System.nanoTime() - start) / calls;
    }
}
