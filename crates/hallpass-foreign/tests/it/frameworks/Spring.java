// Makes, shows and ends sessions of Spring Session in Redis, as its input says, line by line.
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Scanner;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.RedisTemplate;
import org.springframework.data.redis.listener.PatternTopic;
import org.springframework.data.redis.listener.ChannelTopic;
import org.springframework.data.redis.listener.RedisMessageListenerContainer;
import org.springframework.data.redis.serializer.RedisSerializer;
import org.springframework.session.FindByIndexNameSessionRepository;
import org.springframework.session.Session;
import org.springframework.session.SessionRepository;
import org.springframework.session.data.redis.RedisIndexedSessionRepository;
import org.springframework.session.data.redis.RedisSessionRepository;
import org.springframework.session.events.AbstractSessionEvent;

public class Spring {
  static final String PRINCIPAL = FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME;
  static final List<String> events = new CopyOnWriteArrayList<>();

  public static void main(String[] arguments) throws Exception {
    Scanner input = new Scanner(System.in, StandardCharsets.UTF_8);
    String[] words = input.nextLine().split(" ");
    LettuceConnectionFactory factory =
        new LettuceConnectionFactory(new RedisStandaloneConfiguration("127.0.0.1", Integer.parseInt(words[0])));
    factory.afterPropertiesSet();
    factory.start();
    RedisTemplate<String, Object> template = new RedisTemplate<>();
    template.setConnectionFactory(factory);
    template.setKeySerializer(RedisSerializer.string());
    template.setHashKeySerializer(RedisSerializer.string());
    if (words[2].equals("json")) {
      template.setDefaultSerializer(RedisSerializer.json());
    } else {
      template.setDefaultSerializer(RedisSerializer.java(Spring.class.getClassLoader()));
    }
    template.afterPropertiesSet();
    RedisMessageListenerContainer container = new RedisMessageListenerContainer();
    if (words[1].equals("indexed")) {
      RedisIndexedSessionRepository repository = new RedisIndexedSessionRepository(template);
      repository.setDefaultSerializer(template.getDefaultSerializer() == null ? null : cast(template));
      repository.setApplicationEventPublisher(new ApplicationEventPublisher() {
        public void publishEvent(Object event) {
          if (event instanceof AbstractSessionEvent found) {
            events.add(found.getClass().getSimpleName() + " " + found.getSessionId());
          }
        }
        public void publishEvent(ApplicationEvent event) {
          publishEvent((Object) event);
        }
      });
      container.setConnectionFactory(factory);
      container.addMessageListener(repository, List.of(
          new ChannelTopic(repository.getSessionDeletedChannel()),
          new ChannelTopic(repository.getSessionExpiredChannel())));
      container.addMessageListener(repository, List.of(new PatternTopic(repository.getSessionCreatedChannelPrefix() + "*")));
      container.afterPropertiesSet();
      container.start();
      serve(repository, repository, input);
    } else {
      serve(new RedisSessionRepository(template), null, input);
    }
    System.out.flush();
    System.exit(0);
  }

  @SuppressWarnings("unchecked")
  static RedisSerializer<Object> cast(RedisTemplate<String, Object> template) {
    return (RedisSerializer<Object>) (RedisSerializer<?>) template.getDefaultSerializer();
  }

  static <S extends Session> void serve(
      SessionRepository<S> repository, FindByIndexNameSessionRepository<?> index, Scanner input) throws Exception {
    System.out.println("ready");
    while (input.hasNextLine()) {
      String[] words = input.nextLine().split(" ");
      switch (words[0]) {
        case "create" -> {
          S session = repository.createSession();
          session.setAttribute(PRINCIPAL, words[1]);
          session.setAttribute("count", 7L);
          repository.save(session);
          System.out.println("created " + session.getId());
        }
        case "set" -> {
          S session = repository.findById(words[1]);
          session.setLastAccessedTime(java.time.Instant.now());
          session.setAttribute(words[2], words[3]);
          repository.save(session);
          System.out.println("set " + words[2]);
        }
        case "show" -> {
          S session = repository.findById(words[1]);
          if (session == null) {
            System.out.println("gone " + words[1]);
          } else {
            TreeMap<String, String> shown = new TreeMap<>();
            for (String name : session.getAttributeNames()) {
              Object value = session.getAttribute(name);
              shown.put(name.equals(PRINCIPAL) ? "principal" : name, value.getClass().getSimpleName() + " " + value);
            }
            System.out.println("shown " + shown);
          }
        }
        case "find" -> {
          List<String> ids = index == null ? new ArrayList<>() : new ArrayList<>(index.findByPrincipalName(words[1]).keySet());
          Collections.sort(ids);
          System.out.println("found " + ids);
        }
        case "events" -> {
          int wanted = Integer.parseInt(words[1]);
          for (int round = 0; round < 200 && events.size() < wanted; round++) Thread.sleep(25);
          System.out.println("events " + events);
        }
        default -> throw new IllegalArgumentException(words[0]);
      }
      System.out.flush();
    }
  }
}
