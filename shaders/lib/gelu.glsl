// GELU (Hendrycks & Gimpel 2016): the exact form x * Phi(x), its tanh approximation, or x * sigmoid(1.702 x), as the model was trained.
// The error function to 2e-7: an odd polynomial up to 1, then 1 - exp(-z^2) times a polynomial in 2 / (2 + z). Both are interpolations at
// Chebyshev nodes.
float errorFunction(float v) {
    float z = min(abs(v), 4.0), square = z * z;
    float near = 1.12837913
        + square * (-0.376123438 + square * (0.112803167 + square * (-0.0267150542 + square * (0.00492176203 - square * 0.000564805987))));
    float t = 2.0 / (2.0 + z);
    float far = 0.0013318623 + t * (0.264432357 + t * (0.378711441 + t * (-0.0301791871 + t * (0.604472074 - t * 0.218795737))));
    float result = z < 1.0 ? z * near : 1.0 - exp(-square) * far;
    return v < 0.0 ? -result : result;
}

// form: an ActivationForm that is a GELU.
float gelu(float v, uint form) {
    if (form == ActivationFormGelu) return 0.5 * v * (1.0 + errorFunction(v * 0.707106781));
    float rate = form == ActivationFormGeluTanh ? 1.59576912 * (v + 0.044715 * v * v * v) : 1.702 * v; // tanh(u) = 2 sigmoid(2 u) - 1
    return v / (1.0 + exp(-rate));
}
