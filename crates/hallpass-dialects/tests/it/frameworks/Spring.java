// Reads a session that was stored here with Spring's own serializers, changes it there, and returns all of it.
// Lines of three parts between tabs: what it is, a name, a value.

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.springframework.data.redis.serializer.GenericJackson2JsonRedisSerializer;
import org.springframework.data.redis.serializer.JdkSerializationRedisSerializer;
import org.springframework.data.redis.serializer.RedisSerializer;

public class Spring {
    public static void main(String[] arguments) throws Exception {
        String input = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        RedisSerializer<Object> jdk = new JdkSerializationRedisSerializer();
        RedisSerializer<Object> json = new GenericJackson2JsonRedisSerializer();
        Map<String, Object> hash = new HashMap<>();
        for (String line : input.split("\n")) {
            String[] parts = line.split("\t", -1);
            boolean isJdk = parts[0].equals("jdk");
            Object value = (isJdk ? jdk : json).deserialize(Base64.getDecoder().decode(parts[2]));
            System.out.println(parts[0] + "\t" + parts[1] + "\t" + shown(value));
            if (isJdk) {
                hash.put(parts[1], value);
            }
        }
        mapped(hash);

        List<Object> list = new ArrayList<>(List.of("a", 2, 3L, true, 2.5));
        Map<String, Object> map = new HashMap<>(Map.of("list", list, "text", "é🦀\0"));
        System.out.println("jdk-reply\tmap\t" + Base64.getEncoder().encodeToString(jdk.serialize(map)));
        System.out.println("json-reply\tmap\t" + Base64.getEncoder().encodeToString(json.serialize(map)));
    }

    /** Has the repository's own mapper make a session of a hash; the class is of its package. */
    private static void mapped(Map<String, Object> hash) throws Exception {
        Class<?> type = Class.forName("org.springframework.session.data.redis.RedisSessionMapper");
        var maker = type.getDeclaredConstructor();
        maker.setAccessible(true);
        var apply = type.getDeclaredMethod("apply", String.class, Map.class);
        apply.setAccessible(true);
        var session = (org.springframework.session.MapSession) apply.invoke(maker.newInstance(), "id", hash);
        System.out.println("session\tcreated\t" + session.getCreationTime().toEpochMilli());
        System.out.println("session\tseen\t" + session.getLastAccessedTime().toEpochMilli());
        System.out.println("session\tidle\t" + session.getMaxInactiveInterval().toSeconds());
        System.out.println("session\tnames\t" + new java.util.TreeSet<>(session.getAttributeNames()));
    }

    private static String shown(Object value) {
        if (value == null) {
            return "null";
        }
        Object plain = value instanceof Map<?, ?> map ? new TreeMap<>(map) : value;
        String type = value.getClass().getName();
        return type + " " + plain.toString().replace("\n", "\\n").replace("\0", "\\0");
    }
}
